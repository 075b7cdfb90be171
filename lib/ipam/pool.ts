/** The dynamic addresses of one family of a network. */

import { type Network, networkOptions, type NetworkRef, networkRef } from "../api/network.ts";
import { type Family, formatAddress, parseAddress } from "../net/address.ts";
import type { AddressRange } from "../net/address_range.ts";
import { formatSubnet, type Subnet } from "../net/subnet.ts";
import { hashKey } from "./hash.ts";
import { isHostAddress } from "./host_address.ts";
import { isSet, type LegacyBitmap, parseLegacyBitmap } from "./legacy_bitmap.ts";
import { type PoolBounds, poolBounds } from "./pool_bounds.ts";
import { PoolError } from "./pool_error.ts";

/** What addresses of a network may be given out. */
export interface Pool {
  readonly network: NetworkRef;
  readonly family: Family;
  /** Static addresses may come from all of it. */
  readonly subnet: Subnet;
  /** Dynamic addresses come from here. */
  readonly range: AddressRange;
  /** Gateways of the network's routes, which must not be given out: a Pod that had one would take the others' routes. */
  readonly reserved: ReadonlySet<bigint>;
  /** What the original system had given out, when its bookkeeping is still there. */
  readonly legacy?: LegacyBitmap;
}

/**
 * The pool of `family` of a network as read from the API server.
 *
 * @returns undefined when the network has no subnet of `family`
 * @throws {PoolError} when its fields make no sense; danm works without the webhook, which refuses such a network
 */
export function poolOf(network: Network, family: Family): Pool | undefined {
  const bounds = poolBounds(network, family);
  if (!bounds) return undefined;
  const legacy = legacyOf(network, bounds);
  return {
    network: networkRef(network),
    family,
    subnet: bounds.subnet,
    range: bounds.range,
    reserved: gatewaysOf(network, family),
    ...(legacy && { legacy }),
  };
}

/** Whether `value` may be given to who asks for any address of `pool`. */
export function isDynamic(pool: Pool, value: bigint): boolean {
  const { range, subnet, reserved, legacy } = pool;
  return value >= range.first && value <= range.last && isHostAddress(subnet, value) && !reserved.has(value) &&
    !(legacy && isSet(legacy, value));
}

/** Names the state of `pool`: equal exactly when the same addresses may be given out. */
export function poolKey({ subnet, range, reserved, legacy }: Pool): string {
  const gateways = [...reserved].sort().join();
  return hashKey([formatSubnet(subnet), range.first, range.last, gateways, legacy?.text].join(" "));
}

/** The pool's bounds for messages: `10.0.0.1-10.0.0.254`. */
export function describePool({ family, range }: Pool): string {
  return [range.first, range.last].map((value) => formatAddress({ family, value })).join("-");
}

/**
 * The gateways of a network's routes. One that is malformed or outside the subnet is no address of the pool; who installs
 * the routes complains.
 */
function gatewaysOf(network: Network, family: Family): ReadonlySet<bigint> {
  const { routes = {}, routes6 = {} } = networkOptions(network);
  const gateways = Object.values(family === 4 ? routes : routes6).map(parseAddress);
  return new Set(gateways.flatMap((gateway) => gateway?.family === family ? [gateway.value] : []));
}

function legacyOf(network: Network, { subnet, frame }: PoolBounds): LegacyBitmap | undefined {
  const { alloc, alloc6 } = networkOptions(network);
  const text = subnet.family === 4 ? alloc : alloc6;
  if (text === undefined) return undefined;
  const legacy = parseLegacyBitmap(text, frame);
  if (!legacy) throw new PoolError(network, subnet.family === 4 ? "alloc" : "alloc6", text.slice(0, 40), "base64");
  return legacy;
}
