/**
 * How the number space is cut into blocks.
 *
 * Blocks are aligned in the number space, not in a pool, so that a static address outside the pool is kept in the same
 * way and a pool can be changed. What must never change is the size of blocks where some exist: two blocks of different
 * sizes over one address would be two places to take it. So the space is cut into groups of 256 numbers; the first
 * block of a group, its anchor, is always made before any other of the group, and its size is the size of them all.
 */

import { MAX_BLOCK_SIZE } from "../api/address_block.ts";
import type { AddressRange } from "../net/address_range.ts";
import { sizeOf } from "../net/address_range.ts";

/** Numbers in a group: as many as the largest block has. */
export const GROUP_SIZE = MAX_BLOCK_SIZE;

const MIN_BLOCK_SIZE = 16;

/**
 * The size for new blocks of a pool: the square root of the pool's size, so that writers have as many blocks to spread
 * over as each has addresses; between 16 (up to a /23) and 256 (from a /16 on).
 */
export function blockSizeFor(range: AddressRange): number {
  const bits = (sizeOf(range) - 1n).toString(2).length;
  return Math.min(MAX_BLOCK_SIZE, Math.max(MIN_BLOCK_SIZE, 2 ** Math.floor(bits / 2)));
}

/** The first number of the block of `size` that `value` lies in; `size` is a power of two. */
export function blockBase(value: bigint, size: number): bigint {
  return value - value % BigInt(size);
}

/** The first number of the group that `value` lies in: the base of the group's anchor. */
export function groupBase(value: bigint): bigint {
  return blockBase(value, GROUP_SIZE);
}

/** How many blocks of `size` touch `range`. */
export function blockCount(range: AddressRange, size: number): number {
  return Number((blockBase(range.last, size) - blockBase(range.first, size)) / BigInt(size)) + 1;
}

/** A number of `range` in the `index`th of the blocks that touch it, from 0. */
export function valueInBlock(range: AddressRange, size: number, index: number): bigint {
  const base = blockBase(range.first, size) + BigInt(index) * BigInt(size);
  return base < range.first ? range.first : base;
}
