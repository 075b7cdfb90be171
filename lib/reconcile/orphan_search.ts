/** Where to look for Pods before what they hold is taken away. */

import type { OrphanAddress, OrphanEndpoint } from "./cluster_orphans.ts";

/** From so many namespaces on, one list of all Pods is cheaper than a list of each. */
const MANY = 10;

/**
 * The namespaces in which the Pods that hold `orphans` could be; undefined for all, as a Pod on a ClusterNetwork that
 * has no DanmEp could be anywhere.
 */
export function namespacesToSearch(orphans: readonly (OrphanAddress | OrphanEndpoint)[]): string[] | undefined {
  const byPod = new Map<string, Set<string>>();
  for (const { holder, namespace } of orphans) {
    const known = byPod.get(holder) ?? new Set();
    if (namespace !== undefined) known.add(namespace);
    byPod.set(holder, known);
  }
  const all = new Set<string>();
  for (const namespaces of byPod.values()) {
    if (namespaces.size === 0) return undefined;
    for (const namespace of namespaces) all.add(namespace);
  }
  return all.size < MANY ? [...all] : undefined;
}
