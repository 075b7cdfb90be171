/** Who has which VLAN or VXLAN number, and who it is held for. */

import type { Network } from "../api/network.ts";
import { type Segment, segmentOf } from "../admit/network_review.ts";
import { type HeldVni, vniBlockBase, vniBlockName, vniKey, vniSpaceOf } from "../admit/vni_block.ts";
import { describeNetwork } from "../attach/interface_plan.ts";

/** A number of a network. */
export interface VniGrant {
  readonly network: Network;
  readonly segment: Segment;
  /** Whether it is held for the network's UID, in the block where it belongs. */
  readonly isHeld: boolean;
}

/** Something that a network's users must know. */
export interface VniProblem {
  readonly network: Network;
  /** Ends a sentence that begins with the network. */
  readonly problem: string;
}

/** A TenantNetwork with its UID. */
export type StoredTenant = readonly [uid: string, network: Network];

/**
 * The numbers that TenantNetworks have, each once: of two networks with the same number, it is that of the one it is held
 * for, else of the older one.
 *
 * @param tenants the oldest first
 * @param holders UID of the network that an owner stands for, by the owner
 */
export function claimedVnis(
  tenants: readonly StoredTenant[],
  held: readonly HeldVni[],
  holders: ReadonlyMap<string, string>,
): VniGrant[] {
  const heldFor = new Map(held.map((one) => [vniKey(one), holders.get(one.owner)]));
  const places = new Set(held.map(({ block, offset, owner }) => placeKey(block, offset, owner)));
  const claims = new Map<string, VniGrant>();
  const withNumber = tenants.flatMap(([uid, network]) => {
    const segment = segmentOf(network);
    return segment ? [{ uid, network, segment, key: vniKey(segment) }] : [];
  });
  const [own, others] = [true, false].map((isOwn) =>
    withNumber.filter(({ uid, key }) => (heldFor.get(key) === uid) === isOwn)
  );
  for (const { uid, network, segment, key } of [...own!, ...others!]) {
    if (claims.has(key)) continue;
    claims.set(key, { network, segment, isHeld: places.has(placeOf(segment, uid)) });
  }
  return [...claims.values()];
}

/**
 * Networks that have a number which another one has, too, and should not. DanmNets and ClusterNetworks, which name their
 * numbers themselves, may be on one VLAN or VXLAN of a device on purpose; TenantNetworks never.
 */
export function sharedVnis(networks: readonly Network[]): VniProblem[] {
  const byKey = new Map<string, { readonly network: Network; readonly segment: Segment }[]>();
  for (const network of networks) {
    const segment = segmentOf(network);
    if (segment === undefined) continue;
    const key = vniKey(segment);
    byKey.set(key, [...byKey.get(key) ?? [], { network, segment }]);
  }
  return [...byKey.values()].flatMap((all) =>
    all.flatMap(({ network, segment }) => {
      const rival = all.find((other) =>
        other.network !== network &&
        ([network, other.network].some(({ kind }) => kind === "TenantNetwork") ||
          other.segment.device !== segment.device)
      );
      return rival ? [{ network, problem: problemOf(segment, rival.network) }] : [];
    })
  );
}

function problemOf({ type, vni, device }: Segment, rival: Network): string {
  return `has ${type} ${vni} of ${device}, which ${describeNetwork(rival)} has as well`;
}

/** Where the number of `segment` is held when `owner` has it. */
export function placeOf(segment: Segment, owner: string): string {
  const base = vniBlockBase(segment.vni);
  return placeKey(vniBlockName(vniSpaceOf(segment), base), segment.vni - base, owner);
}

/** Names what an owner holds. */
export function placeKey(block: string, offset: number, owner: string): string {
  return `${block} ${offset} ${owner}`;
}
