/**
 * The judge of the plan: what the documentation of the API says about one packet, written down once more as naively as it
 * can be. For tests only. Source: Kubernetes, "Network Policies", and the comments of networking.k8s.io/v1.
 */

import type { LabelSelector, PolicyPeer, PolicyPort } from "../api/network_policy.ts";
import { type Address } from "../net/address.ts";
import { contains, parseSubnet } from "../net/subnet.ts";
import type { Policy } from "./policy_view.ts";
import type { Protocol } from "./policy_view.ts";

/** A cluster of which a test knows everything. */
export interface TestCluster {
  readonly policies: readonly Policy[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly pods: readonly TestPod[];
}

/** A Pod with one interface on each network it has an address of. */
export interface TestPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly addresses: Readonly<Record<string, readonly Address[]>>;
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

export interface Packet {
  readonly network: string;
  /** The other end. */
  readonly peer: Address;
  readonly protocol: Protocol;
  /** Of the end that is spoken to. */
  readonly port: number;
}

/** Whether the first packet of a connection may pass the interface of `pod` on the packet's network. */
export function mayPass(cluster: TestCluster, pod: TestPod, direction: "ingress" | "egress", packet: Packet): boolean {
  const isolating = cluster.policies.filter(({ metadata, spec }) =>
    metadata.namespace === pod.namespace && selected(spec!.podSelector ?? {}, pod.labels) &&
    (spec!.policyTypes ?? (spec!.egress ? ["Ingress", "Egress"] : ["Ingress"]))
      .includes(direction === "ingress" ? "Ingress" : "Egress")
  );
  if (isolating.length === 0) return true;
  return isolating.some(({ metadata: { namespace }, spec }) =>
    direction === "ingress"
      ? (spec!.ingress ?? []).some(({ ports = [], from = [] }) =>
        (from.length === 0 || from.some((peer) => isPeer(cluster, namespace!, peer, packet))) &&
        (ports.length === 0 || ports.some((port) => isPort(port, packet, [pod])))
      )
      : (spec!.egress ?? []).some(({ ports = [], to = [] }) =>
        [...(to.length === 0 ? [undefined] : to)].some((peer) =>
          (peer === undefined || isPeer(cluster, namespace!, peer, packet)) &&
          (ports.length === 0 || ports.some((port) => isPort(port, packet, podsAt(cluster, packet))))
        )
      )
  );
}

function podsAt({ pods }: TestCluster, { network, peer }: Packet): TestPod[] {
  return pods.filter(({ addresses }) =>
    (addresses[network] ?? []).some(({ family, value }) => family === peer.family && value === peer.value)
  );
}

function isPeer(cluster: TestCluster, own: string, peer: PolicyPeer, packet: Packet): boolean {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (ipBlock) {
    return contains(parseSubnet(ipBlock.cidr)!, packet.peer) &&
      !(ipBlock.except ?? []).some((part) => contains(parseSubnet(part)!, packet.peer));
  }
  return podsAt(cluster, packet).some(({ namespace, labels }) =>
    selected(podSelector ?? {}, labels) &&
    (namespaceSelector ? selected(namespaceSelector, cluster.namespaces[namespace]!) : namespace === own)
  );
}

function isPort(
  { protocol = "TCP", port, endPort }: PolicyPort,
  packet: Packet,
  receivers: readonly TestPod[],
): boolean {
  if (protocol.toLowerCase() !== packet.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === "number") return packet.port >= port && packet.port <= (endPort ?? port);
  return receivers.some(({ ports }) =>
    ports.some((named) => named.name === port && named.protocol === packet.protocol && named.port === packet.port)
  );
}

function selected({ matchLabels, matchExpressions }: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values } of matchExpressions ?? []) {
    if (operator === "In" && !(key in labels && values!.includes(labels[key]!))) return false;
    if (operator === "NotIn" && key in labels && values!.includes(labels[key]!)) return false;
    if (operator === "Exists" && !(key in labels)) return false;
    if (operator === "DoesNotExist" && key in labels) return false;
  }
  return true;
}
