/** Which versions of which policies a container's rules were made of. */

import type { PolicyView } from "./policy_view.ts";

/** resourceVersions by the UID of the policy. */
export type AppliedPolicies = Readonly<Record<string, string>>;

export function appliedPolicies(policies: readonly PolicyView[]): AppliedPolicies {
  return Object.fromEntries(policies.map(({ uid, version }) => [uid, version]));
}

/**
 * Whether who knows `policies` may have missed something that `applied` was made of: he must not take rules back by that,
 * as somebody knew better. A policy that he does not know may be a new one, or one that was deleted.
 */
export function isBehind(policies: readonly PolicyView[], applied: AppliedPolicies): boolean {
  const known = appliedPolicies(policies);
  return Object.entries(applied).some(([uid, version]) => !isAsNew(known[uid], version));
}

/** Source: Kubernetes API concepts, "Resource versions": of one type they can be compared as numbers. */
function isAsNew(known: string | undefined, version: string): boolean {
  if (known === version) return true;
  if (known === undefined || ![known, version].every((text) => /^[1-9][0-9]*$/.test(text))) return false;
  return BigInt(known) >= BigInt(version);
}
