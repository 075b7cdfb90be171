import type { AddressRange } from "./address_range.ts";
import { rangeOf } from "./address_range.ts";
import type { Subnet } from "./subnet.ts";

/** The addresses of `subnets`, all of one family, as ranges in ascending order that neither touch nor overlap. */
export function mergeSubnets(subnets: readonly Subnet[]): AddressRange[] {
  const merged: AddressRange[] = [];
  const ranges = subnets.map(rangeOf).toSorted((a, b) => a.first < b.first ? -1 : a.first > b.first ? 1 : 0);
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous === undefined || range.first > previous.last + 1n) merged.push(range);
    else if (range.last > previous.last) merged[merged.length - 1] = { ...previous, last: range.last };
  }
  return merged;
}
