/** From which addresses a network gives out dynamic ones: what its fields say, completed where they say nothing. */

import { type Network, networkOptions } from "../api/network.ts";
import { type Address, addressBits, type Family, formatAddress, parseAddress } from "../net/address.ts";
import { type AddressRange, rangeOf, sizeOf } from "../net/address_range.ts";
import { contains, formatSubnet, parseSubnet, type Subnet, subnetOf } from "../net/subnet.ts";
import { usesAllAddresses } from "./host_address.ts";
import { PoolError } from "./pool_error.ts";

/** The most dynamic addresses a network may have: 2^23. */
export const MAX_POOL_SIZE = 8_388_608n;

/** How much of an IPv6 subnet is used by default: 2^22 addresses. */
const DEFAULT_V6_PREFIX = 106;

/** The bounds of one family's pool; complete, so that writing them back to the network changes nothing. */
export interface PoolBounds {
  readonly subnet: Subnet;
  /** The part of the subnet that the range lies in; for IPv4 all of it (IPv6: `allocation_pool_v6.cidr`). */
  readonly frame: Subnet;
  readonly range: AddressRange;
  /** Whether this is the pool of a network that names none. It is also when the default was written out. */
  readonly isDefault: boolean;
}

interface Fields {
  readonly names: { readonly subnet: string; readonly pool: string };
  readonly subnet?: string | undefined;
  readonly pool: { readonly cidr?: string; readonly start?: string; readonly end?: string };
}

/**
 * The bounds of `network`'s pool of `family`. The webhook writes them into the network; danm works without it.
 *
 * @returns undefined when the network has no subnet of `family`
 * @throws {PoolError} naming field, value and what is allowed
 */
export function poolBounds(network: Network, family: Family): PoolBounds | undefined {
  const fields = readFields(network, family);
  const { names, pool } = fields;
  if (fields.subnet === undefined) {
    const [stray] = Object.entries(pool);
    if (stray) throw new PoolError(network, `${names.pool}.${stray[0]}`, stray[1], `absent when ${names.subnet} is`);
    return undefined;
  }
  const subnet = readSubnet(network, names.subnet, fields.subnet, family);
  const start = readBound(network, `${names.pool}.start`, pool.start, subnet);
  const end = readBound(network, `${names.pool}.end`, pool.end, subnet);
  const frame = readFrame(network, fields, subnet, [start, end].filter((bound) => bound !== undefined));
  const byDefault = usableRange(frame);
  const range = { family, first: start?.value ?? byDefault.first, last: end?.value ?? byDefault.last };
  checkRange(network, fields, frame, range);
  const plain = usableRange(defaultFrame(subnet));
  return { subnet, frame, range, isDefault: range.first === plain.first && range.last === plain.last };
}

function readFields(network: Network, family: Family): Fields {
  const { cidr, net6, allocation_pool: pool = {}, allocation_pool_v6: pool6 = {} } = networkOptions(network);
  if (family === 4) {
    const { start, end } = pool;
    return {
      names: { subnet: "cidr", pool: "allocation_pool" },
      subnet: cidr,
      pool: { ...(start && { start }), ...(end && { end }) },
    };
  }
  const { cidr: part, start, end } = pool6;
  return {
    names: { subnet: "net6", pool: "allocation_pool_v6" },
    subnet: net6,
    pool: { ...(part && { cidr: part }), ...(start && { start }), ...(end && { end }) },
  };
}

function readSubnet(network: Network, field: string, text: string, family: Family): Subnet {
  const subnet = parseSubnet(text);
  if (subnet?.family !== family) throw new PoolError(network, field, text, `an IPv${family} subnet in CIDR notation`);
  return subnet;
}

function readBound(network: Network, field: string, text: string | undefined, subnet: Subnet): Address | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (!address || !contains(subnet, address)) {
    throw new PoolError(network, field, text, `an address in ${formatSubnet(subnet)}`);
  }
  return address;
}

/** The part of the subnet that a missing start or end is taken from. */
function readFrame(network: Network, { names, pool }: Fields, subnet: Subnet, bounds: readonly Address[]): Subnet {
  if (pool.cidr === undefined) return defaultFrame(subnet, bounds);
  const field = `${names.pool}.cidr`;
  const frame = readSubnet(network, field, pool.cidr, subnet.family);
  if (frame.prefix < subnet.prefix || !contains(subnet, { family: frame.family, value: frame.base })) {
    throw new PoolError(network, field, pool.cidr, `inside ${formatSubnet(subnet)}`);
  }
  return frame;
}

/** An IPv4 subnet as a whole; of an IPv6 subnet the first /106, or the one (or more) that the given bounds lie in. */
function defaultFrame(subnet: Subnet, bounds: readonly Address[] = []): Subnet {
  if (subnet.family === 4 || subnet.prefix >= DEFAULT_V6_PREFIX) return subnet;
  let frame = subnetOf(bounds[0] ?? { family: 6, value: subnet.base }, DEFAULT_V6_PREFIX);
  while (!bounds.every((bound) => contains(frame, bound))) {
    frame = subnetOf({ family: 6, value: frame.base }, frame.prefix - 1);
  }
  return frame;
}

/** All of `frame` but its first and last address, as far as it can spare them. */
function usableRange(frame: Subnet): AddressRange {
  const all = rangeOf(frame);
  return usesAllAddresses(frame) ? all : { ...all, first: all.first + 1n, last: all.last - 1n };
}

function checkRange(network: Network, { names, pool }: Fields, frame: Subnet, range: AddressRange): void {
  const ends = [range.first, range.last].map((value) => ({ family: range.family, value }));
  const text = ends.map(formatAddress).join("-");
  if (pool.cidr !== undefined && !ends.every((end) => contains(frame, end))) {
    throw new PoolError(network, names.pool, text, `inside its cidr ${formatSubnet(frame)}`);
  }
  if (range.first > range.last) {
    throw new PoolError(network, names.pool, text, "a range whose start is not after its end");
  }
  if (sizeOf(range) > MAX_POOL_SIZE) {
    const field = Object.keys(pool).length > 0 ? names.pool : names.subnet;
    const bits = addressBits(range.family) - 23;
    throw new PoolError(network, field, text, `a pool of at most ${MAX_POOL_SIZE} addresses, as a /${bits} has`);
  }
}
