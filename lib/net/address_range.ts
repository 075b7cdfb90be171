/** A run of addresses, both ends included. */

import type { Address, Family } from "./address.ts";
import { lastOf, type Subnet } from "./subnet.ts";

/** All addresses from `first` to `last`; never empty. */
export interface AddressRange {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** Number of addresses in `range`. */
export function sizeOf(range: AddressRange): bigint {
  return range.last - range.first + 1n;
}

/** Whether `address` lies in `range`. */
export function inRange(range: AddressRange, address: Address): boolean {
  return address.family === range.family && address.value >= range.first && address.value <= range.last;
}

/** Every address of `subnet`. */
export function rangeOf(subnet: Subnet): AddressRange {
  return { family: subnet.family, first: subnet.base, last: lastOf(subnet) };
}
