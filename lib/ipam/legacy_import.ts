/** What is to be held in blocks of what the original system had given out. */

import type { DanmEp } from "../api/danm_ep.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { contains } from "../net/subnet.ts";
import { groupBase } from "./block_geometry.ts";
import { setValues } from "./legacy_bitmap.ts";
import { formatOwner } from "./owner.ts";
import type { Pool } from "./pool.ts";

/** The owner of an address that the bitmap has and no DanmEp: nobody can prove it gone, so only people release it. */
export const UNRECORDED_OWNER = "the original DANM, which had no DanmEp for it";

/** A DanmEp that the original system wrote, and under which owner its addresses are held from now on. */
export interface LegacyEndpoint {
  readonly endpoint: DanmEp;
  /** UID of its Pod; when that is gone and its UID was never recorded, a UID that no Pod has. */
  readonly podUid: string;
  /** Whether its Pod is there. */
  readonly isAlive: boolean;
  readonly owner: string;
  readonly addresses: readonly Address[];
}

/** The UIDs that Pods are known by, of the namespaces of all DanmEps in question, read after those. */
export interface KnownPods {
  /** By `<namespace>/<name>`. */
  readonly byName: ReadonlyMap<string, string>;
  /** By every UID that the original may have recorded: of a mirror Pod also its own. */
  readonly byUid: ReadonlyMap<string, string>;
  /** Those that kubelet runs from a file, by `<namespace>/<name>`. */
  readonly mirrored: ReadonlyMap<string, string>;
}

/**
 * Reads a DanmEp of the original system. Early versions recorded no UID of the Pod: then it is the Pod of that name,
 * which may be a later one, but never an earlier, so that nothing is released too early. Of a Pod that kubelet runs from
 * a file all recorded the UID of the API's copy, which may have been replaced since.
 */
export function legacyEndpoint(endpoint: DanmEp, { byName, byUid, mirrored }: KnownPods): LegacyEndpoint {
  const { metadata: { namespace, uid = "" }, spec: { Pod, PodUID, CID, Interface } } = endpoint;
  const name = `${namespace}/${Pod}`;
  const podUid = PodUID ? byUid.get(PodUID) ?? mirrored.get(name) ?? PodUID : byName.get(name) ?? uid;
  const interfaceIndex = Number(/[0-9]{1,6}$/.exec(Interface.Name)?.[0] ?? 0);
  return {
    endpoint,
    podUid,
    isAlive: byUid.has(podUid),
    owner: formatOwner({ podUid, containerId: CID || "unknown", interfaceIndex }),
    addresses: [Interface.Address, Interface.AddressIPv6].flatMap((text) => {
      return parseAddress(text?.split("/")[0] ?? "") ?? [];
    }),
  };
}

/** An address with two DanmEps: the original gave it out twice, or kept a record of a Pod that is gone. */
export interface DoubleRecord {
  readonly address: Address;
  readonly holder: LegacyEndpoint;
  readonly other: LegacyEndpoint;
}

/** What the DanmEps of a network say of the addresses of `pool`. */
export interface Records {
  readonly owners: ReadonlyMap<bigint, string>;
  readonly doubles: readonly DoubleRecord[];
}

/** Who has which address of `pool`'s subnet; of several the one whose Pod is alive. */
export function recordsIn({ subnet }: Pool, endpoints: readonly LegacyEndpoint[]): Records {
  const holders = new Map<bigint, LegacyEndpoint>();
  const doubles: DoubleRecord[] = [];
  for (const endpoint of endpoints.toSorted((a, b) => Number(b.isAlive) - Number(a.isAlive))) {
    for (const address of endpoint.addresses.filter((address) => contains(subnet, address))) {
      const holder = holders.get(address.value);
      if (holder) doubles.push({ address, holder, other: endpoint });
      else holders.set(address.value, endpoint);
    }
  }
  return { owners: new Map([...holders].map(([value, { owner }]) => [value, owner])), doubles };
}

/**
 * What must be held so that the bitmap of `pool` can go: owners by address, one map for each group of blocks. Those of
 * DanmEps come first, whether the bitmap has them or not: early versions tracked no IPv6 addresses. Gateways of routes,
 * which the original marked as well, are kept back without that.
 */
export function* holdings(
  pool: Pool,
  recorded: ReadonlyMap<bigint, string>,
): Generator<ReadonlyMap<bigint, string>, void, undefined> {
  const rest = new Map([...recorded].sort(([a], [b]) => a < b ? -1 : 1));
  const byGroup = Map.groupBy(rest, ([value]) => groupBase(value));
  let group = new Map<bigint, string>();
  let base: bigint | undefined;
  for (const value of pool.legacy ? setValues(pool.legacy) : []) {
    if (recorded.has(value) || pool.reserved.has(value)) continue;
    if (base !== groupBase(value)) {
      if (group.size > 0) yield group;
      base = groupBase(value);
      group = new Map(byGroup.get(base));
      byGroup.delete(base);
    }
    group.set(value, UNRECORDED_OWNER);
  }
  if (group.size > 0) yield group;
  for (const entries of byGroup.values()) yield new Map(entries);
}
