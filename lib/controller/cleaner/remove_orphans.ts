/** Removes what is proven to be nobody's. */

import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { BlockStore } from "../../ipam/block_store.ts";
import { createBlockStore } from "../../kube/blocks/block_store.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { isConflict, isNotFound } from "../../kube/client/kube_error.ts";
import type { Orphan, OrphanBlock, OrphanEndpoint } from "../../reconcile/cluster_orphans.ts";

/** How many requests at a time: 5,000 orphans take seconds, and the API server has others to serve. */
const AT_A_TIME = 8;

/** After so many failures the rest would fail as well, each after a long wait. */
const ENOUGH_FAILURES = 10;

/**
 * Removes `orphans`: addresses first, as a DanmEp is the only other record of who had them. May be repeated; whatever
 * has changed hands meanwhile is left alone.
 *
 * @param removed told of each one
 * @throws {AggregateError} of what could not be removed; the rest has been, unless too much failed
 */
export async function removeOrphans(
  kube: KubeClient,
  group: ApiGroup,
  orphans: readonly Orphan[],
  removed: (orphan: Orphan) => void,
  signal: AbortSignal,
): Promise<void> {
  const store = createBlockStore(kube, group);
  const failures: unknown[] = [];
  const holding = new Set<string>();
  const remove = async (orphan: Orphan) => {
    if (failures.length >= ENOUGH_FAILURES || (orphan.what === "endpoint" && holding.has(orphan.holder))) return;
    try {
      if (await removeOne(kube, group, store, orphan, signal)) removed(orphan);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
      holding.add(orphan.holder);
    }
  };
  const addresses = orphans.filter((orphan) => orphan.what === "address");
  // One after the other in each block: writers of one object are in each other's way.
  await forEach([...Map.groupBy(addresses, ({ block }) => block).values()], async (ofBlock) => {
    for (const address of ofBlock) await remove(address);
  });
  await forEach(orphans.filter(({ what }) => what !== "address"), remove);
  if (failures.length > 0) {
    throw new AggregateError(failures, `Cannot remove all that is left: ${failures.map(String).join("; ")}`);
  }
}

/** Resolves to whether it is gone on our account. */
async function removeOne(
  kube: KubeClient,
  group: ApiGroup,
  store: BlockStore,
  orphan: Orphan,
  signal: AbortSignal,
): Promise<boolean> {
  if (orphan.what !== "address") return await deleteObject(kube, group, orphan, signal);
  await store.release(orphan.block, orphan.offset, orphan.owner, new Date(), signal);
  return true;
}

/** Deletes the very object that was judged; a block only as it was then, when nobody held an address of it. */
async function deleteObject(
  kube: KubeClient,
  group: ApiGroup,
  orphan: OrphanEndpoint | OrphanBlock,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, uid } = orphan;
  const [ref, preconditions] = orphan.what === "endpoint"
    ? [{ ...resourceFor("DanmEp", group), namespace: orphan.namespace, name }, { uid }]
    : [{ ...resourceFor("AddressBlock", group), name }, { uid, resourceVersion: orphan.resourceVersion }];
  try {
    await kube.delete(ref, { preconditions, idempotent: true, signal });
    return true;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false; // somebody else deleted, replaced or changed it
    throw error;
  }
}

/** Works on {@link AT_A_TIME} of `items` at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (const item of rest) await work(item);
  }));
}
