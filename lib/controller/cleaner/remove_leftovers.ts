/** Removes what is proven to be nobody's. */

import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { BlockStore } from "../../ipam/block_store.ts";
import { createBlockStore } from "../../kube/blocks/block_store.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { isConflict, isNotFound } from "../../kube/client/kube_error.ts";
import type { LeftBlock, LeftEndpoint, Leftover } from "../../reconcile/stale_leftovers.ts";

/** How many requests at a time: 5,000 leftovers take seconds, and the API server has others to serve. */
const AT_A_TIME = 8;

/** After so many failures the rest would fail as well, each after a long wait. */
const ENOUGH_FAILURES = 10;

/**
 * Removes `leftovers`: addresses first, as a DanmEp is the only other record of who had them. May be repeated; whatever
 * has changed hands meanwhile is left alone.
 *
 * @param removed told of each one
 * @throws {AggregateError} of what could not be removed; the rest has been, unless too much failed
 */
export async function removeLeftovers(
  kube: KubeClient,
  group: ApiGroup,
  leftovers: readonly Leftover[],
  removed: (leftover: Leftover) => void,
  signal: AbortSignal,
): Promise<void> {
  const store = createBlockStore(kube, group);
  const failures: unknown[] = [];
  const holding = new Set<string>();
  const remove = async (leftover: Leftover) => {
    if (failures.length >= ENOUGH_FAILURES || (leftover.what === "endpoint" && holding.has(leftover.holder))) return;
    try {
      if (await removeOne(kube, group, store, leftover, signal)) removed(leftover);
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
      holding.add(leftover.holder);
    }
  };
  const addresses = leftovers.filter((leftover) => leftover.what === "address");
  // One after the other in each block: writers of one object are in each other's way.
  await forEach([...Map.groupBy(addresses, ({ block }) => block).values()], async (ofBlock) => {
    for (const address of ofBlock) await remove(address);
  });
  await forEach(leftovers.filter(({ what }) => what !== "address"), remove);
  if (failures.length > 0) {
    throw new AggregateError(failures, `Cannot remove all that is left: ${failures.map(String).join("; ")}`);
  }
}

/** Resolves to whether it is gone on our account. */
async function removeOne(
  kube: KubeClient,
  group: ApiGroup,
  store: BlockStore,
  leftover: Leftover,
  signal: AbortSignal,
): Promise<boolean> {
  if (leftover.what !== "address") return await deleteObject(kube, group, leftover, signal);
  await store.release(leftover.block, leftover.offset, leftover.owner, new Date(), signal);
  return true;
}

/** Deletes the very object that was judged; a block only as it was then, when nobody held an address of it. */
async function deleteObject(
  kube: KubeClient,
  group: ApiGroup,
  leftover: LeftEndpoint | LeftBlock,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, uid } = leftover;
  const [ref, preconditions] = leftover.what === "endpoint"
    ? [{ ...resourceFor("DanmEp", group), namespace: leftover.namespace, name }, { uid }]
    : [{ ...resourceFor("AddressBlock", group), name }, { uid, resourceVersion: leftover.resourceVersion }];
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
