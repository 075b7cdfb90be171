/** Subnets in CIDR notation (RFC 4632, RFC 4291 §2.3). */

import { type Address, addressBits, type Family, formatAddress, parseAddress } from "./address.ts";

/** A subnet; `base` has no host bits set. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

/**
 * Reads `address/prefix`. Host bits are dropped, as the original system did, so `10.0.0.7/24` is `10.0.0.0/24`.
 *
 * @returns undefined when `text` is no CIDR
 */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^([^/]+)\/(0|[1-9][0-9]{0,2})$/.exec(text);
  const address = match && parseAddress(match[1]!);
  const prefix = Number(match?.[2]);
  if (!address || prefix > addressBits(address.family)) return undefined;
  return subnetOf(address, prefix);
}

/** The subnet of `prefix` bits that `address` lies in. */
export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  const hostBits = BigInt(addressBits(family) - prefix);
  return { family, base: (value >> hostBits) << hostBits, prefix };
}

/** The highest address of the subnet, as a number. */
export function lastOf({ family, base, prefix }: Subnet): bigint {
  return base + (1n << BigInt(addressBits(family) - prefix)) - 1n;
}

/** Whether `address` lies in `subnet`. */
export function contains(subnet: Subnet, address: Address): boolean {
  return address.family === subnet.family && address.value >= subnet.base && address.value <= lastOf(subnet);
}

/** Whether two subnets are the same addresses. */
export function sameSubnet(a: Subnet, b: Subnet): boolean {
  return a.family === b.family && a.base === b.base && a.prefix === b.prefix;
}

/** Writes a subnet as `base/prefix`. */
export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress({ family, value: base })}/${prefix}`;
}
