/** Has addresses held in AddressBlocks, many at a time. */

import type { AddressBlock } from "../../../api/address_block.ts";
import { resourceFor } from "../../../api/resource.ts";
import { type Block, covers, offsetIn } from "../../../ipam/block.ts";
import { blockSizeFor } from "../../../ipam/block_geometry.ts";
import { isFull } from "../../../ipam/find_free.ts";
import { findBlock, openBlock } from "../../../ipam/open_block.ts";
import { withPredecessors } from "../../../ipam/predecessors.ts";
import { type Pool, poolKey } from "../../../ipam/pool.ts";
import { blockKeys, blockOf } from "../../../kube/blocks/block_object.ts";
import { isConflict } from "../../../kube/client/kube_error.ts";
import type { ImportContext } from "./import_context.ts";

/** An address that is held now. */
export interface Held {
  readonly value: bigint;
  /** For whom it was to be held. */
  readonly wanted: string;
  /** Who holds it: somebody else if that had it before. */
  readonly owner: string;
}

/**
 * Makes sure that somebody holds each of `wanted`, owners by address. May be repeated. In a dry run it only looks who
 * would hold it.
 *
 * @param pool without the original's bitmap: what it will be
 */
export async function holdAddresses(
  context: ImportContext,
  pool: Pool,
  wanted: ReadonlyMap<bigint, string>,
): Promise<Held[]> {
  const { dryRun, signal } = context;
  const store = withPredecessors(context.store, pool);
  const rest = new Map(wanted);
  const held: Held[] = [];
  for (let [first] = rest; first !== undefined; [first] = rest) {
    const block = dryRun
      ? await findBlock(store, pool, first[0], signal)
      : await openBlock(store, pool, first[0], blockSizeFor(pool.range), signal);
    const own = block ? [...rest].filter(([value]) => covers(block, value)) : [first];
    for (const [value] of own) rest.delete(value);
    const after = block && !dryRun ? await holdInBlock({ ...context, store }, pool, block, own) : block;
    held.push(...own.map(([value, owner]) => {
      return { value, wanted: owner, owner: after?.allocations[offsetIn(after, value)] ?? owner };
    }));
  }
  return held;
}

/** Resolves to the block with all of `wanted` held. */
async function holdInBlock(
  context: ImportContext,
  pool: Pool,
  block: Block,
  wanted: readonly (readonly [bigint, string])[],
): Promise<Block> {
  for (let now = block;;) {
    const missing = wanted.filter(([value]) => now.allocations[offsetIn(now, value)] === undefined);
    if (missing.length === 0) return now;
    const taken = Object.fromEntries(missing.map(([value, owner]) => [offsetIn(now, value), owner]));
    const written = await writeBlock(context, pool, now, taken);
    if (written) return written;
    now = await openBlock(context.store, pool, block.base, block.size, context.signal);
  }
}

/**
 * Takes all of `taken` in one step, and notes on the block if it is full then: who looks for a free address in a network
 * of millions must not have to look through all of it. Resolves to undefined when the block has changed since it was read.
 */
async function writeBlock(
  { kube, group, signal }: ImportContext,
  pool: Pool,
  block: Block,
  taken: Readonly<Record<string, string>>,
): Promise<Block | undefined> {
  const allocations = { ...block.allocations, ...taken };
  const labels = isFull(pool, { ...block, allocations }) ? { [blockKeys(group).full]: poolKey(pool) } : {};
  const body = {
    metadata: { resourceVersion: block.version, labels, managedFields: [{}] },
    spec: { allocations: taken, released: Object.fromEntries(Object.keys(taken).map((offset) => [offset, null])) },
  };
  try {
    const ref = { ...resourceFor("AddressBlock", group), name: block.name };
    return blockOf(await kube.patch<AddressBlock>(ref, { type: "merge", body }, { signal, idempotent: true }), group);
  } catch (error) {
    if (isConflict(error)) return undefined; // also when it was this very patch, whose answer got lost
    throw error;
  }
}
