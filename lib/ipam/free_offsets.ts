/** Which numbers of a block are free. Pure: the caller reads the block, chooses, and writes the result. */

import type { Block } from "./block.ts";

/** A free number that was released too short ago to be taken while there are others. */
export interface TiredOffset {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly releasedAt: number;
}

/** The free numbers of a block that may be given out; both lists in ascending order of offset. */
export interface FreeOffsets {
  readonly rested: readonly number[];
  readonly tired: readonly TiredOffset[];
}

/**
 * The free numbers of `block`. Peers keep the address of a Pod that is gone in their caches for minutes, and logs are
 * read by address, so a released number rests.
 *
 * @param usable whether the pool may give out this offset
 * @param restedBefore numbers released at this time (milliseconds since 1970) or before have rested
 */
export function freeOffsets(block: Block, usable: (offset: number) => boolean, restedBefore: number): FreeOffsets {
  const rested: number[] = [];
  const tired: TiredOffset[] = [];
  for (let offset = 0; offset < block.size; offset++) {
    if (block.allocations[offset] !== undefined || !usable(offset)) continue;
    const releasedAt = Date.parse(block.released[offset] ?? "");
    if (releasedAt > restedBefore) tired.push({ offset, releasedAt });
    else rested.push(offset); // never released, or long ago
  }
  return { rested, tired };
}
