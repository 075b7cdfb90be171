/** The policies of a namespace, as they are now. */

import { isNotFound } from "../../kube/client/kube_error.ts";
import { listAll } from "../../kube/client/list_all.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import type { KubeObject } from "../../api/kube_object.ts";
import type { PodName } from "../../api/pod.ts";
import type { Labels } from "../../policy/label_selector.ts";
import type { PolicyKind } from "../../api/network_policy.ts";
import { type Policy, type PolicyView, viewPolicy } from "../../policy/policy_view.ts";

/** Where the kinds of policy live. Sources: Kubernetes API; Network Plumbing Working Group, multi-networkpolicy. */
export const POLICY_RESOURCES = {
  NetworkPolicy: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies" },
  MultiNetworkPolicy: { group: "k8s.cni.cncf.io", version: "v1beta1", plural: "multi-networkpolicies" },
} as const satisfies Record<PolicyKind, object>;

const KINDS = Object.keys(POLICY_RESOURCES) as PolicyKind[];

/**
 * All policies of `namespace`, of the kinds that are installed. The API server itself is asked: who goes by a cache may
 * attach a Pod without the rules of a policy that was there before it.
 */
export async function readPolicies(kube: KubeClient, namespace: string, signal: AbortSignal): Promise<PolicyView[]> {
  return (await Promise.all(KINDS.map((kind) => listKind(kube, kind, namespace, signal)))).flat();
}

/** What decides about the first packets of a Pod. */
export interface Policing {
  readonly policies: readonly PolicyView[];
  /** Labels of the Pod; none where there is no policy, as nothing depends on them. */
  readonly labels: Labels;
}

/** The policies that may hold on a Pod, and its labels, both as the API server has them now. */
export async function readPolicing(
  kube: KubeClient,
  { namespace, name }: PodName,
  signal: AbortSignal,
): Promise<Policing> {
  const policies = await readPolicies(kube, namespace, signal);
  if (policies.length === 0) return { policies, labels: {} };
  const ref = { group: "", version: "v1", plural: "pods", namespace, name };
  const { metadata: { labels = {} } } = await kube.get<KubeObject<"Pod", object>>(ref, { metadataOnly: true, signal });
  return { policies, labels };
}

async function listKind(
  kube: KubeClient,
  kind: PolicyKind,
  namespace: string,
  signal: AbortSignal,
): Promise<PolicyView[]> {
  try {
    const items = await listAll<Policy>(kube, { ...POLICY_RESOURCES[kind], namespace }, { signal });
    return items.map((policy) => viewPolicy({ ...policy, kind }));
  } catch (error) {
    if (isNotFound(error)) return []; // MultiNetworkPolicy may not be installed
    throw error;
  }
}
