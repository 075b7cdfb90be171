/**
 * The allocation bitmap of the original system (`Options.alloc`, `Options.alloc6`): standard base64 of one bit per
 * address of the subnet, the highest bit of the first byte being the subnet's first address.
 */

import type { Subnet } from "../net/subnet.ts";
import { lastOf } from "../net/subnet.ts";

/** The addresses the original system had given out. */
export interface LegacyBitmap {
  readonly text: string;
  /** What the bits stand for: `cidr`, or `allocation_pool_v6.cidr`. */
  readonly subnet: Subnet;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Reads a bitmap; undefined when `text` is not base64. */
export function parseLegacyBitmap(text: string, subnet: Subnet): LegacyBitmap | undefined {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? { text, subnet } : undefined;
}

/**
 * Whether the original system had given `value` out, or kept it as a gateway.
 *
 * Costs the same for a bitmap of a megabyte: both bits and base64 digits run from the highest bit down, so bit n is in
 * digit n / 6. The bits of the subnet's first and last address were set at creation and say nothing.
 */
export function isSet({ text, subnet }: LegacyBitmap, value: bigint): boolean {
  if (value <= subnet.base || value >= lastOf(subnet)) return false;
  const bit = value - subnet.base;
  if (bit >= BigInt(text.length) * 6n) return false;
  const digit = ALPHABET.indexOf(text.charAt(Number(bit / 6n)));
  return digit > 0 && ((digit >> (5 - Number(bit % 6n))) & 1) === 1;
}

/** Every address for which {@linkcode isSet} is true, in ascending order. Costs a second for a million of them. */
export function* setValues(bitmap: LegacyBitmap): Generator<bigint, void, undefined> {
  const { text, subnet: { base } } = bitmap;
  for (const [index, byte] of Uint8Array.fromBase64(text).entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (0x80 >> bit)) === 0) continue;
      const value = base + BigInt(index * 8 + bit);
      if (isSet(bitmap, value)) yield value;
    }
  }
}
