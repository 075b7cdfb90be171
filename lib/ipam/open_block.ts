/** From a number to the block that keeps it. */

import { type Block, blockName, type BlockSpace, covers } from "./block.ts";
import { blockBase, groupBase } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";

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
  const base = blockBase(value, size);
  const likely = await store.read(blockName(space, base), signal);
  if (likely && covers(likely, value)) return likely;
  const anchorBase = groupBase(value);
  const found = base === anchorBase ? likely : await store.read(blockName(space, anchorBase), signal);
  const anchor = found ?? await store.create({ space, base: anchorBase, size }, signal);
  if (covers(anchor, value)) return anchor;
  const block = { space, base: blockBase(value, anchor.size), size: anchor.size };
  const known = anchor.size === size ? undefined : await store.read(blockName(space, block.base), signal);
  return known ?? await store.create(block, signal);
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
