/** Which VLAN and VXLAN numbers are to be given to TenantNetworks, and which are nobody's any more. */

import type { AddressBlock } from "../api/address_block.ts";
import type { Network } from "../api/network.ts";
import type { ApiGroup } from "../api/resource.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { freeVnis } from "../admit/free_vnis.ts";
import { deviceOf, type Segment, segmentOf } from "../admit/network_review.ts";
import { offers } from "../admit/tenant_config_rules.ts";
import { type HeldVni, heldVnis, vniKey } from "../admit/vni_block.ts";
import { earlierOwnerAnnotation, mayBecomeNetwork } from "./earlier_vni_owner.ts";
import {
  claimedVnis,
  placeKey,
  placeOf,
  sharedVnis,
  type StoredTenant,
  type VniGrant,
  type VniProblem,
} from "./vni_claims.ts";

/** How things are. `networks` must have been read after `blocks`: the network of an owner is older than what it holds. */
export interface VniState {
  readonly group: ApiGroup;
  /** Of all kinds, all there are. */
  readonly networks: readonly Network[];
  /**
   * UIDs of TenantNetworks that were there a moment ago. What one of them holds is kept until it is known to be gone: an
   * API server that has just been started may not know yet that there are TenantNetworks.
   */
  readonly known: ReadonlySet<string>;
  readonly blocks: readonly AddressBlock[];
  /** The TenantConfig in force. */
  readonly config: TenantConfig | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What to do, in this order. */
export interface VniPlan {
  /** Numbers that no network has. */
  readonly releases: readonly HeldVni[];
  /** Numbers that networks have already, and that are not held for them. */
  readonly claims: readonly VniGrant[];
  /** Numbers for networks that wait. */
  readonly grants: readonly VniGrant[];
  /** Networks that bear the mark of an owner of before, and whose number is held for their UID by now. */
  readonly marked: readonly Network[];
  readonly problems: readonly VniProblem[];
}

/** Plans the next step. When all of it is carried out, and nothing else changes, the next plan is empty but for problems. */
export function planVnis({ group, networks, known, blocks, config, now }: VniState): VniPlan {
  const tenants = networks.filter(({ kind }) => kind === "TenantNetwork").toSorted(byAge)
    .flatMap((network): StoredTenant[] => network.metadata.uid ? [[network.metadata.uid, network]] : []);
  const held = heldVnis(blocks);
  const mark = earlierOwnerAnnotation(group);
  const holders = new Map(tenants.flatMap(([uid, { metadata }]) => {
    const earlier = metadata.annotations?.[mark];
    return [uid, ...(earlier === undefined ? [] : [earlier])].map((owner) => [owner, uid] as const);
  }));
  const claims = claimedVnis(tenants, held, holders);
  const used = new Set(networks.map(segmentOf).filter((segment) => segment !== undefined).map(vniKey));
  const { grants, problems } = planGrants(tenants, config, held, used);
  const kept = new Set([...claims, ...grants].map(({ network, segment }) => placeOf(segment, network.metadata.uid!)));
  const claimed = new Set(claims.map(({ segment }) => vniKey(segment)));
  const mayBeNeeded = (one: HeldVni) =>
    !holders.has(one.owner) && !claimed.has(vniKey(one)) &&
    (known.has(one.owner) || mayBecomeNetwork(one.owner, now));
  const isKept = (one: HeldVni) => kept.has(placeKey(one.block, one.offset, one.owner)) || mayBeNeeded(one);
  return {
    releases: held.filter((one) => !isKept(one)),
    claims: claims.filter(({ isHeld }) => !isHeld),
    grants,
    marked: claims.filter(({ network, isHeld }) => isHeld && network.metadata.annotations?.[mark] !== undefined)
      .map(({ network }) => network),
    problems: [...problems, ...sharedVnis(networks)],
  };
}

/**
 * Numbers for the networks that wait, the oldest first.
 *
 * @param used names of the numbers that networks have
 */
function planGrants(
  tenants: readonly StoredTenant[],
  config: TenantConfig | undefined,
  held: readonly HeldVni[],
  used: ReadonlySet<string>,
): { readonly grants: VniGrant[]; readonly problems: VniProblem[] } {
  const grants: VniGrant[] = [];
  const problems: VniProblem[] = [];
  const taken = new Set([...used, ...held.map(vniKey)]);
  for (const [uid, network] of tenants) {
    const waiting = waitOf(network);
    if (waiting === undefined) continue;
    const { device, type } = waiting;
    const profiles = (config?.hostDevices ?? []).filter(({ name, vniType }) => name === device && vniType === type);
    const own = held.filter(({ owner }) => owner === uid).map(({ vni }) => ({ device, type, vni }))
      .find((segment) => !used.has(vniKey(segment)) && config && offers(config, segment));
    const isHeld = own !== undefined &&
      held.some(({ block, offset, owner }) => placeKey(block, offset, owner) === placeOf(own, uid));
    const segment = isHeld ? own : firstFree(profiles, taken);
    if (segment === undefined) {
      const ranges = profiles.map(({ vniRange }) => vniRange).join(",");
      const why = ranges === "" ? "the TenantConfig has no range for it" : `all of ${ranges} are taken`;
      problems.push({ network, problem: `waits for a ${type} number of ${device}, and none is free: ${why}` });
      continue;
    }
    taken.add(vniKey(segment));
    grants.push({ network, segment, isHeld });
  }
  return { grants, problems };
}

/** What `network` waits for; nothing when it is being deleted. */
function waitOf(network: Network): Omit<Segment, "vni"> | undefined {
  const type = awaitedVni(network.metadata);
  const device = deviceOf(network);
  const isOver = segmentOf(network) !== undefined || network.metadata.deletionTimestamp !== undefined;
  return type === undefined || device === undefined || isOver ? undefined : { device, type };
}

function firstFree(profiles: readonly HostDevice[], taken: ReadonlySet<string>): Segment | undefined {
  for (const profile of profiles) {
    for (const segment of freeVnis(profile, taken)) return segment;
  }
  return undefined;
}

function byAge({ metadata: a }: Network, { metadata: b }: Network): number {
  const age = ({ creationTimestamp, uid }: Network["metadata"]) => `${creationTimestamp} ${uid}`;
  return age(a) < age(b) ? -1 : 1;
}
