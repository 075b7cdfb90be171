/** Releases the VLAN and VXLAN numbers that no network has. */

import { type ApiGroup, resourceFor } from "../api/resource.ts";
import type { ObjectMeta } from "../api/kube_object.ts";
import { vniOwnerAnnotation } from "../admit/vni_owner.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isNotServed } from "../kube/client/kube_error.ts";
import { staleReservations } from "../reconcile/vni_reservations.ts";
import { createVniStore } from "./vni_store.ts";

/** How long a number is kept for an admission that may still be on its way; no request lives for a minute. */
export const VNI_GRACE_MS = 10 * 60_000;

/**
 * Looks at all reservations, and releases those whose network is gone or never came. May run in several processes.
 *
 * @param gone owners of networks that are known to be gone, for which there is nothing to wait for
 * @returns how many were released
 */
export async function sweepVnis(
  kube: KubeClient,
  group: ApiGroup,
  gone: ReadonlySet<string>,
  signal: AbortSignal,
  graceMs = VNI_GRACE_MS,
): Promise<number> {
  const store = createVniStore(kube, group);
  const blocks = await store.list(undefined, signal).catch(ignoreAbsence);
  const knowledge = { gone, now: Date.now(), graceMs };
  if (staleReservations(blocks, { ...knowledge, owners: new Set() }).length === 0) return 0;
  const owners = await annotatedOwners(kube, group, signal); // after the blocks, so that none came in between
  const stale = staleReservations(blocks, { ...knowledge, owners });
  for (const { block, offset, owner } of stale) await store.release(block, offset, owner, signal);
  return stale.length;
}

async function annotatedOwners(kube: KubeClient, group: ApiGroup, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const key = vniOwnerAnnotation(group);
  // In one answer: a list in pages would be of one moment too, but may be of an older one when it has to begin anew.
  const list = kube.list<{ readonly metadata: ObjectMeta }>(resourceFor("TenantNetwork", group), {
    metadataOnly: true,
    signal,
  });
  const items = await list.then(({ items }) => items).catch(ignoreAbsence);
  // The API server writes an empty list of metadata as null.
  return new Set((items ?? []).flatMap(({ metadata }) => metadata.annotations?.[key] ?? []));
}

/** A type that is not installed has no objects. */
function ignoreAbsence(error: unknown): readonly never[] {
  if (isNotServed(error)) return [];
  throw error;
}
