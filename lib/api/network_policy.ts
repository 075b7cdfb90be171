/**
 * Policies on the traffic of Pods. Sources: Kubernetes API, networking.k8s.io/v1 NetworkPolicy; Network Plumbing Working
 * Group, k8s.cni.cncf.io/v1beta1 MultiNetworkPolicy, whose body is the same.
 */

import type { KubeObject } from "./kube_object.ts";

export type PolicyKind = "NetworkPolicy" | "MultiNetworkPolicy";

export type PolicyProtocol = "TCP" | "UDP" | "SCTP";

/** Which objects, by their labels: all that is named must hold; nothing named selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

/** A port by number, with `endPort` a range, or by the name that a Pod gives it; without `port` all of the protocol. */
export interface PolicyPort {
  /** TCP when absent. */
  readonly protocol?: PolicyProtocol;
  readonly port?: number | string;
  readonly endPort?: number;
}

/** Pods of the policy's namespace, of selected namespaces, or a range of addresses. */
export interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface IngressRule {
  readonly ports?: readonly PolicyPort[];
  readonly from?: readonly PolicyPeer[];
}

export interface EgressRule {
  readonly ports?: readonly PolicyPort[];
  readonly to?: readonly PolicyPeer[];
}

export interface PolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly ("Ingress" | "Egress")[];
  readonly ingress?: readonly IngressRule[];
  readonly egress?: readonly EgressRule[];
}

export type NetworkPolicy = KubeObject<"NetworkPolicy", { readonly spec?: PolicySpec }>;
export type MultiNetworkPolicy = KubeObject<"MultiNetworkPolicy", { readonly spec?: PolicySpec }>;
