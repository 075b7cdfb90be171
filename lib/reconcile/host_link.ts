/** The VLAN and VXLAN links of a node that Pods' interfaces are made on. */

import { API_GROUPS, type ApiGroup } from "../api/resource.ts";
import { hashKey } from "../ipam/hash.ts";
import { MAX_INTERFACE_NAME } from "../net/interface_name.ts";
import type { VniType } from "../net/vni.ts";

/** What tells a host link from all others of its node, whatever its name. */
export interface HostLinkId {
  /** The node's interface it is on. */
  readonly device: string;
  readonly type: VniType;
  readonly vni: number;
}

/** `vlan 100 on eth1`: the same text for the same link, for maps and for people. */
export function hostLinkText({ device, type, vni }: HostLinkId): string {
  return `${type} ${vni} on ${device}`;
}

/**
 * The interface group (ip-link(8) `group`) that marks the links DANM made, so that it knows them again whatever happened
 * in between, and touches no others. It is set by the very command that makes a link. One number per API group: two
 * netwatchers on a node that is being moved from one to the other leave each other's links alone.
 */
export function hostLinkGroup(group: ApiGroup): number {
  return 0x64_61_6e_6d + API_GROUPS.indexOf(group); // "danm"
}

/** The name the original system gave the link, by which people look for it; undefined when the kernel has no room for it. */
export function networkLinkName(networkId: string, { type, vni }: HostLinkId): string | undefined {
  const name = type === "vlan" ? `${networkId}.${vni}` : `vx_${networkId}`;
  return name.length <= MAX_INTERFACE_NAME ? name : undefined;
}

/**
 * A name that depends on nothing but the link, so that all nodes make up the same one. It cannot be mistaken for one made
 * from a NetworkID: that has a dot, or an underscore in third place.
 *
 * @param attempt from 1 on another name, for when something else has the first one
 */
export function ownLinkName({ device, type, vni }: HostLinkId, attempt = 0): string {
  const hash = hashKey(attempt === 0 ? device : `${device}/${attempt}`);
  return `${type === "vlan" ? "vlan" : "vx"}${vni}-${hash}`.slice(0, MAX_INTERFACE_NAME);
}

/** Whether `name` is the first `ownLinkName()` of any VLAN or VXLAN on `device`. */
export function isOwnLinkName(name: string, device: string): boolean {
  const [, prefix, digits] = /^(vlan|vx)([0-9]+)-/.exec(name) ?? [];
  const type = prefix === "vx" ? "vxlan" : "vlan";
  return digits !== undefined && ownLinkName({ device, type, vni: Number(digits) }) === name;
}

/** Outer Ethernet, IPv4, UDP and VXLAN headers. Source: RFC 7348 §5. */
const VXLAN_HEADERS = 50;

/** The largest packet of a link of `type` on an interface with `mtu`, in bytes. A VLAN tag does not count. */
export function hostLinkMtu(type: VniType, mtu: number): number {
  return type === "vlan" ? mtu : mtu - VXLAN_HEADERS;
}
