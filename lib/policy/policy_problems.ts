/** What of a policy cannot be, in words for those who wrote it. */

import { isSelectedBy } from "./label_selector.ts";
import { findPeers, type NamedView, numbersOf } from "./plan_rules.ts";
import type { PolicyRule, PolicyView } from "./policy_view.ts";
import { type NamedPort, podKey, type PolicyWorld } from "./policy_world.ts";

export const PROBLEM_REASONS = ["Invalid", "UnknownNetwork", "UnknownPort"] as const;

export interface PolicyProblem {
  readonly reason: typeof PROBLEM_REASONS[number];
  readonly note: string;
}

/**
 * @param isNetwork whether there is what a `networkKey()` names; undefined where that is not known
 */
export function policyProblems(
  policy: PolicyView,
  world: PolicyWorld,
  isNetwork: (key: string) => boolean | undefined,
): PolicyProblem[] {
  const networks = [...policy.networks ?? []];
  return [
    ...policy.problems.map((note): PolicyProblem => ({ reason: "Invalid", note })),
    ...networks.filter((key) => isNetwork(key) === false).map((key): PolicyProblem => ({
      reason: "UnknownNetwork",
      note: `it is for ${key}, which does not exist`,
    })),
    ...[...unknownPorts(policy, world)].map((name): PolicyProblem => ({
      reason: "UnknownPort",
      note: `it allows port ${JSON.stringify(name)}, which no Pod that it would be allowed to has`,
    })),
  ];
}

/** Names of ports that nobody has of those who could be spoken to; none where there is nobody at all. */
function unknownPorts(policy: PolicyView, world: PolicyWorld): Set<string> {
  const { ingress = [], egress = [] } = policy;
  if (![...ingress, ...egress].some((rule) => namesOf(rule).length > 0)) return new Set();
  const networks = policy.networks ?? world.interfaces.keys();
  const all = [...networks].flatMap((network) => world.interfaces.get(network) ?? []);
  const own = all.filter(({ pod }) =>
    pod.namespace === policy.namespace && isSelectedBy(policy.podSelector, world.pods.get(podKey(pod)) ?? {})
  );
  return new Set([
    ...ingress.flatMap((rule) => unknownAmong(rule, own)),
    ...egress.flatMap((rule) => unknownAmong(rule, findPeers(world, policy.namespace, rule.peers, all).receivers)),
  ]);
}

function unknownAmong(rule: PolicyRule, spokenTo: readonly { readonly ports: readonly NamedPort[] }[]): string[] {
  if (spokenTo.length === 0) return [];
  const isUnknown = (view: NamedView) => spokenTo.every(({ ports }) => numbersOf(view, ports).length === 0);
  return namesOf(rule).filter(isUnknown).map(({ name }) => name);
}

function namesOf({ ports = [] }: PolicyRule): NamedView[] {
  return ports.filter((port): port is NamedView => "name" in port);
}
