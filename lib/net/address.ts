/** IP addresses as numbers, so that pools and offsets are arithmetic. */

import ipaddr from "ipaddr.js";

/** The IP version. */
export type Family = 4 | 6;

/** One IPv4 or IPv6 address; `value` is the address as an unsigned integer of 32 or 128 bits. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Number of bits in an address of `family`. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address in the notations Kubernetes accepts (`isIP`): dotted decimal without leading zeros, or RFC 4291
 * text without a zone; IPv4-mapped IPv6 addresses are refused because they would have two owners.
 *
 * @returns undefined when `text` is no such address
 */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { family: 4, value: toNumber(ipaddr.IPv4.parse(text)) };
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  return parsed.isIPv4MappedAddress() ? undefined : { family: 6, value: toNumber(parsed) };
}

/** Writes an address canonically: dotted decimal, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  const bytes = Array.from(
    { length: addressBits(family) / 8 },
    (_, index) => Number((value >> BigInt(addressBits(family) - 8 * (index + 1))) & 0xffn),
  );
  return family === 4 ? bytes.join(".") : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** Whether `address` is one of those that every IPv6 link has for itself. Source: RFC 4291 §2.5.6 (fe80::/10). */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 6 && value >> 118n === 0xfe80n >> 6n;
}

function toNumber(address: ipaddr.IPv4 | ipaddr.IPv6): bigint {
  return address.toByteArray().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
