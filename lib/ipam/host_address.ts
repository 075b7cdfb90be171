/** Which addresses of a subnet an interface may have. */

import { addressBits } from "../net/address.ts";
import { lastOf, type Subnet } from "../net/subnet.ts";

/** Whether `subnet` is too small to spare an address: /31 (RFC 3021), /32, /127 (RFC 6164), /128. */
export function usesAllAddresses({ family, prefix }: Subnet): boolean {
  return prefix >= addressBits(family) - 1;
}

/**
 * Whether an interface in `subnet` may have the address `value`: not the first, which is the network itself (IPv4) or
 * every router on it (IPv6, RFC 4291 §2.6.1), nor the last of an IPv4 subnet, which is broadcast.
 */
export function isHostAddress(subnet: Subnet, value: bigint): boolean {
  const last = lastOf(subnet);
  if (value < subnet.base || value > last) return false;
  if (usesAllAddresses(subnet)) return true;
  return value !== subnet.base && !(subnet.family === 4 && value === last);
}
