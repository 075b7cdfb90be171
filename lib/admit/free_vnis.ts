/** Which numbers of a TenantConfig's profile a TenantNetwork may get. */

import type { AddressBlock } from "../api/address_block.ts";
import type { Network } from "../api/network.ts";
import type { HostDevice } from "../api/tenant_config.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { deviceOf, type Segment, segmentOf } from "./network_review.ts";
import { rangesOf } from "./tenant_config_rules.ts";
import { heldVnis, vniKey } from "./vni_block.ts";

/** The names ({@linkcode vniKey}) of all numbers that are held in `blocks` or that a network has, whoever gave it. */
export function takenVnis(networks: readonly Network[], blocks: readonly AddressBlock[]): Set<string> {
  const named = networks.map(segmentOf).filter((segment) => segment !== undefined);
  return new Set([...named, ...heldVnis(blocks)].map(vniKey));
}

/** The numbers of `profile` that are not taken, in the order of its ranges; none when it has no numbers. */
export function* freeVnis(profile: HostDevice, taken: ReadonlySet<string>): Generator<Segment, void, undefined> {
  const { name: device, vniType: type } = profile;
  if (type === undefined) return;
  for (const { first, last } of rangesOf(profile) ?? []) {
    for (let vni = first; vni <= last; vni++) {
      const segment = { device, type, vni };
      if (!taken.has(vniKey(segment))) yield segment;
    }
  }
}

/**
 * The number that a network would get that is made now: the first that is left when all who wait for one of the same
 * device and type have got theirs. Undefined when none is left.
 */
export function nextVni(
  profile: HostDevice,
  networks: readonly Network[],
  taken: ReadonlySet<string>,
): Segment | undefined {
  let ahead = networks.filter((network) => waitsForNumberOf(network, profile)).length;
  for (const segment of freeVnis(profile, taken)) {
    if (ahead-- === 0) return segment;
  }
  return undefined;
}

/** Whether `network` waits for a number of the device and type of `profile`. */
export function waitsForNumberOf(network: Network, { name, vniType }: HostDevice): boolean {
  return segmentOf(network) === undefined && awaitedVni(network.metadata) === vniType && vniType !== undefined &&
    deviceOf(network) === name;
}
