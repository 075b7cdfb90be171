/** Policies as DANM goes by them: defaults filled in, everything read once. */

import type { KubeObject } from "../api/kube_object.ts";
import type {
  LabelSelector,
  PolicyKind,
  PolicyPeer,
  PolicyPort,
  PolicyProtocol,
  PolicySpec,
} from "../api/network_policy.ts";
import { parseSubnet, type Subnet } from "../net/subnet.ts";
import { subtractSubnets } from "../net/subtract_subnets.ts";
import { readPolicyFor } from "./policy_for.ts";

/** A policy of either kind as it is read. */
export type Policy = KubeObject<PolicyKind, { readonly spec?: PolicySpec }>;

/** One policy. What cannot be read of it allows nothing, and is said in `problems`. */
export interface PolicyView {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Its resourceVersion. */
  readonly version: string;
  /** The networks it holds on, by `networkKey()`; undefined: all that policies hold on by themselves. */
  readonly networks: ReadonlySet<string> | undefined;
  /** The Pods of its namespace that it polices. */
  readonly podSelector: LabelSelector;
  /** What is allowed in; undefined when it says nothing about what comes in. */
  readonly ingress: readonly PolicyRule[] | undefined;
  /** The same for what goes out. */
  readonly egress: readonly PolicyRule[] | undefined;
  readonly problems: readonly string[];
}

/** Traffic that is allowed: with any of the peers, to any of the ports. */
export interface PolicyRule {
  /** Undefined: anybody. */
  readonly peers: readonly PeerView[] | undefined;
  /** Undefined: any port, of any protocol. */
  readonly ports: readonly PortView[] | undefined;
}

/** Pods by their labels and those of their namespaces, or addresses. */
export type PeerView =
  | { readonly pods: LabelSelector; readonly namespaces: LabelSelector | undefined }
  | { readonly subnets: readonly Subnet[] };

/** A protocol of nftables, with ports by number, both included, or by the name that a Pod gives one. */
export type PortView =
  | { readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly protocol: Protocol; readonly name: string };

export type Protocol = "tcp" | "udp" | "sctp";

const PROTOCOLS: Readonly<Record<PolicyProtocol, Protocol>> = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };

/** Reads a policy. Sources: Kubernetes API, networking.k8s.io/v1 NetworkPolicySpec, its fields one by one. */
export function viewPolicy({ kind, metadata, spec = {} }: Policy): PolicyView {
  const { networks, problems: unnamed } = readPolicyFor(metadata);
  const problems = [...unnamed];
  // A MultiNetworkPolicy is about the networks it names; without any it is about none.
  if (kind === "MultiNetworkPolicy" && networks === undefined) {
    problems.push("it has no annotation k8s.v1.cni.cncf.io/policy-for, so it holds on no network");
  }
  const types = spec.policyTypes ?? ["Ingress", ...(spec.egress === undefined ? [] : ["Egress"])];
  const read = (direction: "ingress" | "egress", rules: readonly RuleFields[]) =>
    rules.map((rule, index) => readRule(rule, `${direction}[${index}]`, problems));
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid ?? "",
    version: metadata.resourceVersion ?? "",
    networks: kind === "MultiNetworkPolicy" ? networks ?? new Set() : networks,
    podSelector: spec.podSelector ?? {},
    ingress: types.includes("Ingress")
      ? read("ingress", (spec.ingress ?? []).map(({ ports, from }) => ({ ports, peers: from })))
      : undefined,
    egress: types.includes("Egress")
      ? read("egress", (spec.egress ?? []).map(({ ports, to }) => ({ ports, peers: to })))
      : undefined,
    problems,
  };
}

interface RuleFields {
  readonly ports: readonly PolicyPort[] | undefined;
  readonly peers: readonly PolicyPeer[] | undefined;
}

/** An empty list is as if there were none; a list of which nothing can be read is not. */
function readRule({ ports = [], peers = [] }: RuleFields, place: string, problems: string[]): PolicyRule {
  return {
    peers: peers.length === 0 ? undefined : peers.flatMap((peer) => readPeer(peer, place, problems)),
    ports: ports.length === 0 ? undefined : ports.flatMap((port) => readPort(port, place, problems)),
  };
}

function readPeer(
  { podSelector, namespaceSelector, ipBlock }: PolicyPeer,
  place: string,
  problems: string[],
): PeerView[] {
  if (podSelector !== undefined || namespaceSelector !== undefined) {
    return [{ pods: podSelector ?? {}, namespaces: namespaceSelector }];
  }
  const { cidr = "", except = [] } = ipBlock ?? {};
  const texts = [cidr, ...except];
  const [whole, ...parts] = texts.map(parseSubnet);
  const wrong = texts.find((_, index) => [whole, ...parts][index] === undefined);
  if (wrong !== undefined) {
    problems.push(`${place} has ipBlock ${JSON.stringify(wrong)}, must be a CIDR`);
    return [];
  }
  return [{ subnets: subtractSubnets(whole!, parts as Subnet[]) }];
}

function readPort({ protocol = "TCP", port, endPort }: PolicyPort, place: string, problems: string[]): PortView[] {
  const refuse = (problem: string) => {
    problems.push(`${place} has ${problem}`);
    return [];
  };
  const known = Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : undefined;
  if (known === undefined) return refuse(`protocol ${JSON.stringify(protocol)}, must be TCP, UDP or SCTP`);
  if (port === undefined) return [{ protocol: known, first: 0, last: 65535 }];
  if (typeof port === "string") {
    return endPort === undefined
      ? [{ protocol: known, name: port }]
      : refuse(`endPort with port ${JSON.stringify(port)}, must be a number then`);
  }
  const last = endPort ?? port;
  const isPort = (number: number) => Number.isInteger(number) && number >= 1 && number <= 65535;
  if (isPort(port) && isPort(last) && last >= port) return [{ protocol: known, first: port, last }];
  return refuse(`ports ${port} to ${last}, must be numbers from 1 to 65535 in ascending order`);
}
