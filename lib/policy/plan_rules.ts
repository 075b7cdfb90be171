/** Which rules the interfaces of a Pod are to have. Source: Kubernetes API, networking.k8s.io/v1 NetworkPolicy. */

import type { Address } from "../net/address.ts";
import { contains } from "../net/subnet.ts";
import type { AllowRule, InterfaceRules, PeerPort, PortRange, RulePeers } from "./interface_rules.ts";
import { isSelectedBy } from "./label_selector.ts";
import type { PeerView, PolicyRule, PolicyView, PortView } from "./policy_view.ts";
import { type NamedPort, type PeerInterface, podKey, type PolicedInterface, type PolicyWorld } from "./policy_world.ts";

/**
 * The rules of one interface; undefined when no policy holds on it.
 *
 * Policies add up: what one of them allows is allowed. The peers of a rule are the same for every Pod on a network, so
 * callers that plan for many give the same `memory` each time.
 */
export function planRules(
  world: PolicyWorld,
  policed: PolicedInterface,
  memory: PeerMemory = new Map(),
): InterfaceRules | undefined {
  const policies = world.policies.filter((policy) => holdsOn(policy, policed, world));
  if (policies.length === 0) return undefined;
  const allowed = (direction: "ingress" | "egress"): AllowRule[] | undefined => {
    const speaking = policies.filter((policy) => policy[direction] !== undefined);
    if (speaking.length === 0) return undefined;
    return speaking.flatMap((policy) =>
      policy[direction]!.map((rule, index) => {
        const peers = peersOf(world, policy, rule, policed.network, `${direction}/${index}`, memory);
        return allowRule(`${policy.uid}-${index}`, direction, rule, peers, policed);
      })
    );
  };
  return { name: policed.name, ingress: allowed("ingress"), egress: allowed("egress") };
}

/** Whether any policy holds on the interface: what no policy holds on is left alone. */
function holdsOn(policy: PolicyView, { pod, network, isOwn }: PolicedInterface, { pods }: PolicyWorld): boolean {
  return policy.namespace === pod.namespace &&
    (policy.networks === undefined ? isOwn : policy.networks.has(network)) &&
    isSelectedBy(policy.podSelector, pods.get(podKey(pod)) ?? {});
}

/** Peers of rules that were looked up before, by version of the policy, rule and network. */
export type PeerMemory = Map<string, FoundPeers>;

/** Whom a rule is about. */
export interface FoundPeers {
  /** Undefined: anybody. */
  readonly peers: RulePeers | undefined;
  /** Those addresses among them that are Pods', each with the ports that its Pod names. */
  readonly receivers: readonly Receiver[];
}

/** An address that may be spoken to, with what its Pod calls its ports. */
export interface Receiver {
  readonly address: Address;
  readonly ports: readonly NamedPort[];
}

function peersOf(
  world: PolicyWorld,
  policy: PolicyView,
  rule: PolicyRule,
  network: string,
  place: string,
  memory: PeerMemory,
): FoundPeers {
  const key = `${policy.uid}/${policy.version}/${place}/${network}`;
  const known = memory.get(key);
  if (known) return known;
  const found = findPeers(world, policy.namespace, rule.peers, world.interfaces.get(network) ?? []);
  memory.set(key, found);
  return found;
}

/** Those of `interfaces`, which are on one network, that `peers` of a policy in `namespace` are, and what else these are. */
export function findPeers(
  world: PolicyWorld,
  namespace: string,
  peers: readonly PeerView[] | undefined,
  interfaces: readonly PeerInterface[],
): FoundPeers {
  if (peers === undefined) return { peers: undefined, receivers: interfaces.flatMap(receiversOf) };
  const selected = new Set(
    interfaces.filter(({ pod }) => peers.some((peer) => "pods" in peer && selectsPod(peer, namespace, pod, world))),
  );
  const subnets = peers.flatMap((peer) => "subnets" in peer ? peer.subnets : []);
  const isInside = ({ address }: Receiver) => subnets.some((subnet) => contains(subnet, address));
  return {
    peers: { pods: [...selected].flatMap(({ addresses }) => addresses), subnets },
    receivers: interfaces.flatMap((each) => receiversOf(each).filter((at) => selected.has(each) || isInside(at))),
  };
}

function receiversOf({ addresses, ports }: PeerInterface): Receiver[] {
  return addresses.map((address) => ({ address, ports }));
}

/** A Pod or namespace whose labels are not known is nobody's peer. */
function selectsPod(
  { pods, namespaces }: Extract<PeerView, { pods: unknown }>,
  namespace: string,
  pod: PeerInterface["pod"],
  world: PolicyWorld,
): boolean {
  const labels = world.pods.get(podKey(pod));
  if (labels === undefined || !isSelectedBy(pods, labels)) return false;
  if (namespaces === undefined) return pod.namespace === namespace;
  const ofNamespace = world.namespaces.get(pod.namespace);
  return ofNamespace !== undefined && isSelectedBy(namespaces, ofNamespace);
}

function allowRule(
  id: string,
  direction: "ingress" | "egress",
  { ports }: PolicyRule,
  { peers, receivers }: FoundPeers,
  policed: PolicedInterface,
): AllowRule {
  if (ports === undefined) return { id, peers, ports };
  const ranges = ports.flatMap((port) => "name" in port ? [] : [port]);
  const names = ports.flatMap((port) => "name" in port ? [port] : []);
  // A name is the receiver's: of the Pod itself for what comes in, of each peer for what goes out.
  const own = direction === "ingress" ? names.flatMap((name) => ownPorts(name, policed.ports)) : [];
  const hasPeers = direction === "egress" && names.length > 0;
  const named = hasPeers ? names.flatMap((name) => portsOfPeers(name, receivers)) : undefined;
  return { id, peers, ports: { ranges: [...ranges, ...own], named } };
}

/** A port by the name that a Pod gives it. */
export type NamedView = Extract<PortView, { name: string }>;

function ownPorts(view: NamedView, ports: readonly NamedPort[]): PortRange[] {
  return numbersOf(view, ports).map((port) => ({ protocol: view.protocol, first: port, last: port }));
}

function portsOfPeers(view: NamedView, receivers: readonly Receiver[]): PeerPort[] {
  return receivers.flatMap(({ address, ports }) =>
    numbersOf(view, ports).map((port) => ({ address, protocol: view.protocol, port }))
  );
}

/** The numbers that a Pod with these `ports` means by the name. */
export function numbersOf({ name, protocol }: NamedView, ports: readonly NamedPort[]): number[] {
  return ports.filter((port) => port.name === name && port.protocol === protocol).map(({ port }) => port);
}
