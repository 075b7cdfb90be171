/** How much of a TenantConfig's numbers is in use. */

import type { AddressBlock } from "../api/address_block.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { rangesOf } from "./tenant_config_rules.ts";
import { heldVnis } from "./vni_block.ts";

/**
 * What of `config` is in use, e.g. `ens4 vlan 3/501, ens5 vxlan 0/10`; empty when it has no numbers. VXLANs of several
 * devices that have numbers in common count for each of them.
 */
export function vniUsage({ hostDevices = [] }: TenantConfig, blocks: readonly AddressBlock[]): string {
  const held = heldVnis(blocks);
  return hostDevices.flatMap((profile) => {
    const { name: device, vniType: type } = profile;
    const ranges = rangesOf(profile);
    if (type === undefined || ranges === undefined) return [];
    const own = held.filter((one) => one.type === type && (type === "vxlan" || one.device === device));
    const used = own.filter(({ vni }) => ranges.some(({ first, last }) => vni >= first && vni <= last)).length;
    const all = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
    return [`${device} ${type} ${used}/${all}`];
  }).join(", ");
}
