/** Which number of a block to take next. Pure: the caller reads the block and writes the result. */

import type { Block } from "./block.ts";

/** A free number of a block. */
export interface FreeOffset {
  readonly offset: number;
  /** When it was released, in milliseconds since 1970, if that is too short ago; absent when it has rested. */
  readonly releasedAt?: number;
}

/**
 * A free offset of `block` that has rested, or else the one released longest ago; `undefined` when every usable one is
 * taken. Peers keep the address of a Pod that is gone in their caches for minutes, and logs are read by address.
 *
 * The search starts at `seed` and wraps around, so writers with different seeds meet rarely and the last free offset
 * is always found.
 *
 * @param usable whether the pool may give out this offset
 * @param seed any integer from 0
 * @param restedBefore offsets released at this time (milliseconds since 1970) or before have rested
 */
export function freeOffset(
  block: Block,
  usable: (offset: number) => boolean,
  seed: number,
  restedBefore: number,
): FreeOffset | undefined {
  let oldest: Required<FreeOffset> | undefined;
  for (let step = 0; step < block.size; step++) {
    const offset = (seed + step) % block.size;
    if (block.allocations[offset] !== undefined || !usable(offset)) continue;
    const releasedAt = Date.parse(block.released[offset] ?? "");
    if (!(releasedAt > restedBefore)) return { offset };
    if (!oldest || releasedAt < oldest.releasedAt) oldest = { offset, releasedAt };
  }
  return oldest;
}
