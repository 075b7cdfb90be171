/** What the rules on networks are given: one request, and what had to be looked up to judge it. */

import type { DanmEp } from "../api/danm_ep.ts";
import { type Network, networkOptions } from "../api/network.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import type { VniType } from "../net/vni.ts";

/** Fields of `Options` that say on what a network is made. */
export const RESOURCE_FIELDS = ["host_device", "device_pool", "vlan", "vxlan"] as const;

/** One request about a network. */
export interface NetworkReview {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** As it is to be stored; of a DELETE, as it is. */
  readonly network: Network;
  /** As it is; of an UPDATE only. */
  readonly before?: Network;
  /** Key of the annotation that names the owner of the network's VLAN or VXLAN number. */
  readonly ownerKey: string;
  /** Whether this is an object of a backup, and who restores it may. */
  readonly restoring: boolean;
  /** Whether the bitmaps that the network had before were imported, by who may. */
  readonly imported: boolean;
  /**
   * DanmEps of the network as it is: all of them for an UPDATE that {@link concernsPods}, one at least for a DELETE if
   * there is any; else none.
   */
  readonly attached: readonly DanmEp[];
  /** The TenantConfig in force, for a TenantNetwork that is made. */
  readonly config?: TenantConfig | undefined;
  /** Whether the network's VLAN or VXLAN number was reserved for it; for a TenantNetwork that is made. */
  readonly hasReservation: boolean;
  /** What holds the network's number for a TenantNetwork, in words; for other networks that begin to use a number. */
  readonly tenantHolder?: string | undefined;
}

/** A network's VLAN or VXLAN on a device: two networks with the same are in one broadcast domain. */
export interface Segment {
  readonly device: string;
  readonly type: VniType;
  readonly vni: number;
}

/** The VLAN or VXLAN of `network`; undefined when it has none. */
export function segmentOf(network: Network): Segment | undefined {
  const { host_device, device_pool, vlan, vxlan } = networkOptions(network);
  const device = host_device ?? device_pool;
  if (device === undefined) return undefined;
  if (vlan !== undefined) return { device, type: "vlan", vni: vlan };
  return vxlan === undefined ? undefined : { device, type: "vxlan", vni: vxlan };
}

/** Whether two segments are the same. */
export function sameSegment(a: Segment | undefined, b: Segment | undefined): boolean {
  return a?.device === b?.device && a?.type === b?.type && a?.vni === b?.vni;
}

/** Whether an update changes what the Pods of the network stand on. */
export function concernsPods(network: Network, before: Network): boolean {
  const [now, then] = [networkOptions(network), networkOptions(before)];
  return (["host_device", "vlan", "vxlan", "cidr", "net6"] as const).some((field) => now[field] !== then[field]);
}
