import type { AddressBlock } from "../api/address_block.ts";
import type { Network } from "../api/network.ts";
import { isDynamic, type Pool, poolOf } from "../ipam/pool.ts";
import { PoolError } from "../ipam/pool_error.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../net/address.ts";
import { inRange, sizeOf } from "../net/address_range.ts";

/** How full the dynamic addresses of one family of a network are. */
export interface PoolUsage {
  readonly pool: Pool;
  readonly size: number;
  readonly used: number;
}

/** An address somebody holds. */
export interface Holding {
  readonly address: Address;
  readonly owner: string;
}

/** Every address that is held in `block`; none of a block of VLAN or VXLAN numbers. */
export function holdingsIn({ spec: { network, base, allocations = {} } }: AddressBlock): Holding[] {
  const first = network && parseAddress(base);
  if (!first) return [];
  return Object.entries(allocations).map(([offset, owner]) => {
    return { address: { ...first, value: first.value + BigInt(offset) }, owner };
  });
}

/** The usage of each family that `network` gives dynamic addresses of, or why it gives none. */
export function poolUsage(network: Network, blocks: readonly AddressBlock[]): readonly PoolUsage[] | string {
  const own = blocks.filter(({ spec }) => spec.network?.uid === network.metadata.uid).flatMap(holdingsIn);
  try {
    return ([4, 6] as const).flatMap((family) => usageOf(network, family, own));
  } catch (error) {
    if (error instanceof PoolError) return error.message;
    throw error;
  }
}

function usageOf(network: Network, family: Family, held: readonly Holding[]): PoolUsage[] {
  const pool = poolOf(network, family);
  if (!pool) return [];
  const gateways = [...pool.reserved].filter((value) => inRange(pool.range, { family, value }));
  const used = held.filter(({ address }) => address.family === family && isDynamic(pool, address.value));
  return [{ pool, size: Number(sizeOf(pool.range)) - gateways.length, used: used.length }];
}

/** The first and last dynamic address. */
export function poolText({ pool: { range } }: PoolUsage): string {
  return [range.first, range.last].map((value) => formatAddress({ family: range.family, value })).join("-");
}
