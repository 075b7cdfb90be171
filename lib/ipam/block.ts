/** A block as the allocator sees it. */

import type { NetworkRef } from "../api/network.ts";
import { addressBits, type Family } from "../net/address.ts";

/** What the numbers of a block are: addresses of one family on one network. */
export interface BlockSpace {
  readonly network: NetworkRef;
  readonly family: Family;
}

/** Values by offset in decimal, `0 <= offset < size`. */
export type ByOffset = Readonly<Record<string, string>>;

/** A block as read. */
export interface Block {
  readonly name: string;
  /** The number at offset 0. */
  readonly base: bigint;
  /** How many numbers it covers. */
  readonly size: number;
  /** Owners; an absent offset is free. */
  readonly allocations: ByOffset;
  /** When free offsets were last released, RFC 3339; absent when never. */
  readonly released: ByOffset;
  /** Which state of the block this is; opaque. */
  readonly version: string;
  /** The state of the pool for which the block was found without a free number; absent since the last release. */
  readonly fullFor?: string;
  /** The state of the pool of which every block was found to exist; only on a pool's first block. */
  readonly completeFor?: string;
  /** That deleted networks of the same name had numbers of its group when the first block of that was made. */
  readonly isSuccessor?: true;
  /** That some of `allocations` are of Pods of such networks: only in what `withPredecessors()` returns. */
  readonly inherits?: true;
}

/**
 * The name of the block at `base`: `<network UID>-<family>-<base in hexadecimal>`. The same from every node, so that the
 * API server decides who makes it.
 */
export function blockName({ network, family }: BlockSpace, base: bigint): string {
  return `${network.uid}-${family}-${base.toString(16).padStart(addressBits(family) / 4, "0")}`;
}

/** Whether `block` is where `value` is kept. */
export function covers(block: Block, value: bigint): boolean {
  return value >= block.base && value < block.base + BigInt(block.size);
}

/** Where in `block` the number `value` is kept. */
export function offsetIn(block: Block, value: bigint): number {
  return Number(value - block.base);
}
