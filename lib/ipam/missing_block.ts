/** Which blocks of a pool were not made yet. */

import type { AddressRange } from "../net/address_range.ts";
import { blockName, type BlockSpace } from "./block.ts";
import { blockBase, blockCount, GROUP_SIZE, groupBase, valueInBlock } from "./block_geometry.ts";

/**
 * A number of `range` whose block does not exist, from a group picked at random; undefined when every block exists.
 *
 * @param sizes size of every block of `space` by name
 * @param random uniform in [0, 1)
 */
export function missingBlock(
  space: BlockSpace,
  range: AddressRange,
  sizes: ReadonlyMap<string, number>,
  random: number,
): bigint | undefined {
  const groups = blockCount(range, GROUP_SIZE);
  const start = Math.floor(random * groups);
  for (let step = 0; step < groups; step++) {
    const value = valueInBlock(range, GROUP_SIZE, (start + step) % groups);
    const last = groupBase(value) + BigInt(GROUP_SIZE) - 1n;
    const part = { ...range, first: value, last: last < range.last ? last : range.last };
    const size = sizes.get(blockName(space, groupBase(value)));
    if (size === undefined) return value;
    for (let index = 0; index < blockCount(part, size); index++) {
      const number = valueInBlock(part, size, index);
      if (!sizes.has(blockName(space, blockBase(number, size)))) return number;
    }
  }
  return undefined;
}
