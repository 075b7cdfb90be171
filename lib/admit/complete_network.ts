/** What the webhook writes into a network that its user left out. */

import { type Network, type NetworkOptions, networkOptions } from "../api/network.ts";
import { DEFAULT_NETWORK_TYPE, isDynamicBackend, networkType } from "../api/network_type.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { hashKey } from "../ipam/hash.ts";
import { type PoolBounds, poolBounds } from "../ipam/pool_bounds.ts";
import { PoolError } from "../ipam/pool_error.ts";
import { type Family, formatAddress } from "../net/address.ts";
import { formatSubnet } from "../net/subnet.ts";
import { changesBackend, mappedId } from "./mapped_id.ts";
import { RESOURCE_FIELDS } from "./network_review.ts";

/** `<NetworkID>.<vlan>` has at most 15 characters, and a VLAN at most four digits. */
const MADE_ID_LENGTH = 10;

/**
 * The network with its defaults written out: NetworkType and pools, as danm would derive them. A pool that makes no
 * sense is left as it is, for the rules to refuse.
 */
export function withDefaults<N extends Network>(network: N): N {
  const NetworkType = network.spec.NetworkType || DEFAULT_NETWORK_TYPE;
  const [v4, v6] = [boundsOf(network, 4), boundsOf(network, 6)];
  const { allocation_pool, allocation_pool_v6 } = network.spec.Options ?? {};
  return withOptions({ ...network, spec: { ...network.spec, NetworkType } }, {
    ...(v4 && { allocation_pool: { ...allocation_pool, ...endsOf(v4) } }),
    ...(v6 && { allocation_pool_v6: { ...allocation_pool_v6, cidr: formatSubnet(v6.frame), ...endsOf(v6) } }),
  });
}

/**
 * The network of an update without pools that were only the default of a subnet which the update changes: nobody chose
 * them, so they must not stand against the new subnet.
 */
export function withoutOldDefaults<N extends Network>(network: N, before: Network): N {
  const [now, then] = [networkOptions(network), networkOptions(before)];
  const dropped: Partial<Record<"allocation_pool" | "allocation_pool_v6", Record<string, never>>> = {
    ...(isOldDefault(4, now.cidr, then.cidr, now.allocation_pool, then.allocation_pool, before) &&
      { allocation_pool: {} }),
    ...(isOldDefault(6, now.net6, then.net6, now.allocation_pool_v6, then.allocation_pool_v6, before) &&
      { allocation_pool_v6: {} }),
  };
  return withOptions(network, dropped);
}

/**
 * The network of an update with the bookkeeping, and what was given to a TenantNetwork, that a PUT left out.
 *
 * @param imported whether the bookkeeping was imported, and is left out for that
 */
export function withKeptFields<N extends Network>(network: N, before: Network, imported: boolean): N {
  const [now, then] = [networkOptions(network), networkOptions(before)];
  const isTenants = network.kind === "TenantNetwork";
  const fields = [
    ...(imported ? [] : ["alloc", "alloc6"] as const),
    ...(isTenants ? RESOURCE_FIELDS : []),
  ];
  const kept = fields.filter((field) => now[field] === undefined && then[field] !== undefined);
  const completed = withOptions(network, Object.fromEntries(kept.map((field) => [field, then[field]])));
  const { NetworkID } = before.spec;
  const losesId = isTenants && !network.spec.NetworkID && NetworkID;
  return losesId ? { ...completed, spec: { ...completed.spec, NetworkID } } : completed;
}

/**
 * A TenantNetwork with the NetworkID that the TenantConfig has for its backend: at creation, and when an update changes
 * NetworkID or NetworkType. It overwrites that of a static backend, for which it names a file; for a dynamic one, where it
 * is but a part of names of links, it is what a network gets that has none.
 */
export function withMappedId<N extends Network>(network: N, before: Network | undefined, config?: TenantConfig): N {
  if (before && !changesBackend(network, before)) return network;
  if (isDynamicBackend(networkType(network)) && network.spec.NetworkID) return network;
  const NetworkID = mappedId(network, config);
  return NetworkID === undefined ? network : { ...network, spec: { ...network.spec, NetworkID } };
}

/**
 * The network with a NetworkID, which a VLAN or VXLAN needs: when it has none, one that is made of `seed`. It is so short
 * that every name of a link that is made of it fits.
 */
export function withMadeId<N extends Network>(network: N, seed: string): N {
  if (network.spec.NetworkID) return network;
  return { ...network, spec: { ...network.spec, NetworkID: `t${hashKey(seed).slice(0, MADE_ID_LENGTH - 1)}` } };
}

/** The network with other values for some options. */
export function withOptions<N extends Network>(network: N, options: Partial<NetworkOptions>): N {
  if (Object.keys(options).length === 0) return network;
  return { ...network, spec: { ...network.spec, Options: { ...network.spec.Options, ...options } } };
}

function boundsOf(network: Network, family: Family): PoolBounds | undefined {
  try {
    return poolBounds(network, family);
  } catch (error) {
    if (error instanceof PoolError) return undefined;
    throw error;
  }
}

function endsOf({ subnet: { family }, range }: PoolBounds): { readonly start: string; readonly end: string } {
  return { start: formatAddress({ family, value: range.first }), end: formatAddress({ family, value: range.last }) };
}

interface PoolFields {
  readonly cidr?: string;
  readonly start?: string;
  readonly end?: string;
}

function isOldDefault(
  family: Family,
  subnet: string | undefined,
  oldSubnet: string | undefined,
  pool: PoolFields | undefined,
  oldPool: PoolFields | undefined,
  before: Network,
): boolean {
  if (subnet === oldSubnet || pool === undefined) return false;
  const untouched = (["cidr", "start", "end"] as const).every((field) => pool[field] === oldPool?.[field]);
  return untouched && boundsOf(before, family)?.isDefault === true;
}
