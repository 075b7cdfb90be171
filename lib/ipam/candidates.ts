/** Which blocks of a pool a node tries first. */

import type { AddressRange } from "../net/address_range.ts";
import { blockCount, valueInBlock } from "./block_geometry.ts";
import { hash32 } from "./hash.ts";

/**
 * Blocks a node keeps to: enough that the ADDs it runs at once seldom meet in one, few enough that a small cluster on a
 * large network makes few. Pools up to a /20 have no more than these. With 16, writers that met cost a node of 32 ADDs at
 * once 40 % of its addresses per second.
 */
const WINDOW = 64;

/**
 * Numbers of `range`, each in one of the first `tries` blocks to try: the node says which blocks it keeps to, the owner
 * with which of them to begin.
 */
export function candidates(range: AddressRange, size: number, node: string, owner: string, tries: number): bigint[] {
  const count = blockCount(range, size);
  const window = Math.min(WINDOW, count);
  const [from, begin] = [hash32(node), hash32(owner)];
  return Array.from(
    { length: Math.min(tries, window) },
    (_, attempt) => valueInBlock(range, size, (from + (begin + attempt) % window) % count),
  );
}
