/** Commands that make, change and remove links. Source: ip-link(8). Every name goes behind a keyword: a bare one could be read as one. */

import { type Address, formatAddress } from "../net/address.ts";
import type { IpCommand } from "./ip_command.ts";
import { VXLAN_PORT } from "../net/vni.ts";

/**
 * Makes an ipvlan link in L2 mode on `parent`, straight in the namespace at `netnsPath`, with the MTU of the parent;
 * run in the namespace of `parent`.
 *
 * @param name must be free in the namespace; kernels before 6.15 refuse it when it exists beside the parent as well, so
 * make the link under a name of its own and {@linkcode renameLink} it there
 */
export function addIpvlan(link: { parent: string; name: string; netnsPath: string }): IpCommand {
  const { parent, name, netnsPath } = link;
  return ["link", "add", "link", parent, "name", name, "netns", netnsPath, "type", "ipvlan", "mode", "l2"];
}

/** Makes a dummy link: it has a name and addresses, and drops every packet. */
export function addDummy(name: string): IpCommand {
  return ["link", "add", "name", name, "type", "dummy"];
}

/** Makes a VLAN link (IEEE 802.1Q) with the MTU of the parent. */
export function addVlan(link: { parent: string; name: string; id: number; group?: number }): IpCommand {
  const { parent, name, id, group } = link;
  return ["link", "add", "link", parent, "name", name, ...groupWords(group), "type", "vlan", "id", `${id}`];
}

/** Makes a VXLAN link that floods through `multicast` on `parent`, with the MTU of the parent less its headers. */
export function addVxlan(
  link: { parent: string; name: string; id: number; multicast: Address; group?: number },
): IpCommand {
  const { parent, name, id, multicast, group } = link;
  const tunnel = ["id", `${id}`, "group", formatAddress(multicast), "dev", parent, "dstport", `${VXLAN_PORT}`];
  return ["link", "add", "name", name, ...groupWords(group), "type", "vxlan", ...tunnel];
}

/** Removes the link; its addresses and routes go with it. */
export function deleteLink(name: string): IpCommand {
  return ["link", "del", "dev", name];
}

/** Renames a link, which must be down. */
export function renameLink(name: string, to: string): IpCommand {
  return ["link", "set", "dev", name, "name", to];
}

/** Sets the link up. */
export function setUp(name: string): IpCommand {
  return ["link", "set", "dev", name, "up"];
}

/** Sets the largest packet in bytes. */
export function setMtu(name: string, mtu: number): IpCommand {
  return ["link", "set", "dev", name, "mtu", `${mtu}`];
}

/** Sets the Ethernet address. Setting the one it has makes the kernel announce the link's addresses again. */
export function setMac(name: string, mac: string): IpCommand {
  return ["link", "set", "dev", name, "address", mac];
}

/** Sets the alias, free text without white space; it cannot be set at creation (the kernel ignores it there). */
export function setAlias(name: string, alias: string): IpCommand {
  return ["link", "set", "dev", name, "alias", alias];
}

function groupWords(group: number | undefined): string[] {
  return group === undefined ? [] : ["group", `${group}`];
}
