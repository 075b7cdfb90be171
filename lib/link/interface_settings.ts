/** The kernel settings and commands that make an interface usable at once, and known to its neighbours. */

import type { IpStep, SysctlStep } from "./configure_namespace.ts";
import { setMac } from "./link_commands.ts";

/**
 * What to set on `device` while it is down.
 *
 * - IPv4: its addresses are announced (gratuitous ARP, RFC 5227 §3) when it goes up.
 * - With IPv6: on, no router advertisements, no duplicate address detection, addresses announced (unsolicited neighbour
 *   advertisement, RFC 4861 §7.2.6). A kernel without IPv6 makes this fail with a SysctlError, reason `missing`.
 * - Without: IPv6 off, where the kernel has it.
 */
export function settingsBeforeUp(device: string, wanted: { readonly ipv6: boolean }): SysctlStep[] {
  return [set("ipv4", device, "arp_notify", "1", true), ...(wanted.ipv6 ? ipv6On(device) : [ipv6Off(device)])];
}

/** What to set before a delegate makes links: what it makes starts with these. */
export function settingsForNewLinks(): SysctlStep[] {
  return [
    set("ipv4", "default", "arp_notify", "1", true),
    set("ipv6", "default", "accept_ra", "0", true),
    // The kernel goes by the greater of the two.
    set("ipv6", "all", "accept_dad", "0", true),
    set("ipv6", "default", "accept_dad", "0", true),
    set("ipv6", "default", "ndisc_notify", "1", true),
  ];
}

/** Switches IPv6 off on `device`, where the kernel has it; its IPv6 addresses go. */
export function ipv6Off(device: string): SysctlStep {
  return set("ipv6", device, "disable_ipv6", "1", true);
}

/**
 * Announces the addresses of a link that is up already: given the address it has, the kernel tells the neighbours.
 * A driver that refuses (ipvlan has the address of its parent) costs the announcement, nothing else.
 *
 * @param mac the address `device` has; another one would be set
 */
export function announce(device: string, mac: string): (SysctlStep | IpStep)[] {
  return [
    set("ipv4", device, "arp_notify", "1", true),
    set("ipv6", device, "ndisc_notify", "1", true),
    { ip: setMac(device, mac), optional: true },
  ];
}

function ipv6On(device: string): SysctlStep[] {
  return [
    set("ipv6", device, "accept_ra", "0"),
    set("ipv6", device, "accept_dad", "0"),
    set("ipv6", device, "ndisc_notify", "1"),
    set("ipv6", device, "disable_ipv6", "0"),
  ];
}

function set(family: "ipv4" | "ipv6", device: string, name: string, value: string, optional = false): SysctlStep {
  return { sysctl: { key: [family, "conf", device, name], value, optional } };
}
