/** From a number to the block that keeps it. */

import { type Block, blockName, type BlockSpace, covers } from "./block.ts";
import { blockBase, groupBase } from "./block_geometry.ts";
import type { Age, BlockStore, NewBlock } from "./block_store.ts";

/** Where a number is kept. */
export interface Place {
  readonly block: Block;
  /** How to make the block, which then is what `block` says; absent when it exists. */
  readonly unmade?: NewBlock;
}

/**
 * The block that keeps `value`, made empty if need be.
 *
 * @param size the size for new blocks where there are none yet
 */
export async function openBlock(
  store: BlockStore,
  space: BlockSpace,
  value: bigint,
  size: number,
  signal: AbortSignal,
): Promise<Block> {
  const { block, unmade } = await placeOf(store, space, value, size, "latest", signal);
  return unmade ? await store.create(unmade, signal) : block;
}

/**
 * The block that keeps `value`, which need not exist: who takes a number of it can make it with that. Nothing but the
 * first block of its group is made.
 *
 * @param size the size for new blocks where there are none yet
 * @param age of the block, and of what is known about its existence
 */
export async function placeOf(
  store: BlockStore,
  space: BlockSpace,
  value: bigint,
  size: number,
  age: Age,
  signal: AbortSignal,
): Promise<Place> {
  const base = blockBase(value, size);
  const likely = await store.read(blockName(space, base), signal, age);
  if (likely && covers(likely, value)) return { block: likely };
  const anchorBase = groupBase(value);
  if (!likely && base === anchorBase) return newPlace(space, base, size);
  const found = base === anchorBase ? likely : await store.read(blockName(space, anchorBase), signal, age);
  const anchor = found ?? await store.create({ space, base: anchorBase, size }, signal);
  if (covers(anchor, value)) return { block: anchor };
  const other = blockBase(value, anchor.size);
  const known = anchor.size === size ? undefined : await store.read(blockName(space, other), signal, age);
  return known ? { block: known } : newPlace(space, other, anchor.size, anchor.isSuccessor);
}

function newPlace(space: BlockSpace, base: bigint, size: number, isSuccessor?: true): Place {
  const name = blockName(space, base);
  return {
    block: { name, base, size, allocations: {}, released: {}, version: "" },
    unmade: { space, base, size, ...(isSuccessor && { isSuccessor }) },
  };
}

/** The block that keeps `value`; undefined when there is none, so that nobody holds `value`. */
export async function findBlock(
  store: BlockStore,
  space: BlockSpace,
  value: bigint,
  signal: AbortSignal,
): Promise<Block | undefined> {
  const anchor = await store.read(blockName(space, groupBase(value)), signal);
  if (!anchor || covers(anchor, value)) return anchor;
  return await store.read(blockName(space, blockBase(value, anchor.size)), signal);
}
