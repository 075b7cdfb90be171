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
  /** Key of the annotation by which a TenantNetwork waits for a number. */
  readonly waitKey: string;
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
  /**
   * Whether a TenantNetwork may get the VLAN or VXLAN number that the request brings: one that is held for its UID, that a
   * dry run shows, or that it had before it was backed up.
   */
  readonly isNumberItsOwn: boolean;
  /** The TenantNetwork that has the network's number, in words; for other networks that begin to use a number. */
  readonly tenantHolder?: string | undefined;
  /** A network that has the network's VXLAN on another device, in words; for networks that begin to use a number. */
  readonly otherDeviceHolder?: string | undefined;
}

/** A network's VLAN or VXLAN on a device: two networks with the same are in one broadcast domain. */
export interface Segment {
  readonly device: string;
  readonly type: VniType;
  readonly vni: number;
}

/** The VLAN or VXLAN of `network`; undefined when it has none. */
export function segmentOf(network: Network): Segment | undefined {
  const { vlan, vxlan } = networkOptions(network);
  const device = deviceOf(network);
  if (device === undefined) return undefined;
  if (vlan !== undefined) return { device, type: "vlan", vni: vlan };
  return vxlan === undefined ? undefined : { device, type: "vxlan", vni: vxlan };
}

/** The host device or device pool of `network`. */
export function deviceOf(network: Network): string | undefined {
  const { host_device, device_pool } = networkOptions(network);
  return host_device ?? device_pool;
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
