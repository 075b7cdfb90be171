/** Links (network devices) as the kernel describes them. */

import {
  type IpObject,
  IpOutputError,
  numberIn,
  objectIn,
  optionalNumberIn,
  optionalTextIn,
  textIn,
} from "./ip_json.ts";
import { formatAddress } from "../net/address.ts";
import { VLAN_PROTOCOL, VXLAN_PORT, vxlanMulticast } from "../net/vni.ts";

/** One link. Where a field is optional, absent means that it does not apply. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Ethernet address in lower case; links without one have none. */
  readonly mac?: string;
  /** The Ethernet address that the member of a bond had before, and gets back when it leaves it. */
  readonly ownMac?: string;
  readonly mtu: number;
  /** Whether it is set up (IFF_UP), whatever its carrier. */
  readonly up: boolean;
  /** `vlan`, `vxlan`, `ipvlan`, `macvlan`, `dummy`, `veth`, ...; physical links have none. */
  readonly kind?: string;
  /** Name of the link it is on (or, for veth, its peer), when that is in the same namespace. */
  readonly parent?: string;
  /** Index of the link it is on when that is in another namespace; the number counts there. */
  readonly foreignParent?: number;
  /** The bridge or bond it is a port of. */
  readonly master?: string;
  /** Free text; may be changed by anyone. */
  readonly alias?: string;
  /** Further names that it answers to (`altname`). */
  readonly otherNames?: readonly string[];
  /** Interface group number (`ip link ... group N`); 0 when none was set. */
  readonly group: number;
  /**
   * `protocol` is an EtherType: 0x8100 for IEEE 802.1Q, 0x88a8 for 802.1ad. `keepsTags`: packets are handed on with their
   * tags (`reorder_hdr off`).
   */
  readonly vlan?: { readonly id: number; readonly protocol: number; readonly keepsTags?: true };
  /** `parent` is absent when the VXLAN is bound to no link, `group` when it has no multicast group or remote. */
  readonly vxlan?: { readonly id: number; readonly parent?: string; readonly group?: string; readonly port: number };
}

/** Reads one object of `ip -N -json -details link show`. */
export function parseLink(object: IpObject): Link {
  const info = objectIn(object, "linkinfo");
  const kind = optionalTextIn(info, "info_kind");
  const data = objectIn(info, "info_data");
  const flags = object["flags"];
  return {
    index: numberIn(object, "ifindex"),
    name: textIn(object, "ifname"),
    mtu: numberIn(object, "mtu"),
    up: Array.isArray(flags) && flags.includes("UP"),
    group: optionalNumberIn(object, "group") ?? 0,
    ...present({
      mac: optionalTextIn(object, "address")?.toLowerCase(),
      ownMac: optionalTextIn(objectIn(info, "info_slave_data"), "perm_hwaddr")?.toLowerCase(),
      kind,
      parent: optionalTextIn(object, "link"),
      foreignParent: optionalNumberIn(object, "link_index"),
      master: optionalTextIn(object, "master"),
      alias: optionalTextIn(object, "ifalias"),
      otherNames: otherNamesOf(object),
      vlan: kind === "vlan" ? vlanOf(data) : undefined,
      vxlan: kind === "vxlan" ? vxlanOf(data) : undefined,
    }),
  };
}

/** The link that answers to `name`: what it is called, or one of its further names. */
export function findLink<L extends Pick<Link, "name" | "otherNames">>(
  links: readonly L[],
  name: string,
): L | undefined {
  return links.find((link) => link.name === name) ?? links.find(({ otherNames }) => otherNames?.includes(name));
}

/** The VLAN link `id` (802.1Q) on `device`, whatever its name. */
export function findVlan(links: readonly Link[], device: string, id: number): Link | undefined {
  return links.find(({ parent, vlan }) => parent === device && vlan?.id === id && vlan.protocol === VLAN_PROTOCOL);
}

/**
 * The VXLAN link `id` on `device`, whatever its name; on another UDP port, or in another multicast group or none, it is
 * another network, e.g. flannel's or Calico's.
 */
export function findVxlan(links: readonly Link[], device: string, id: number): Link | undefined {
  const group = formatAddress(vxlanMulticast(id));
  return links.find(({ vxlan }) =>
    vxlan?.id === id && vxlan.parent === device && vxlan.port === VXLAN_PORT && vxlan.group === group
  );
}

function otherNamesOf({ altnames }: IpObject): string[] | undefined {
  return Array.isArray(altnames) ? altnames.filter((name) => typeof name === "string") : undefined;
}

function vlanOf(data: IpObject): Required<Link>["vlan"] {
  const protocol = /^\[([0-9]+)\]$/.exec(textIn(data, "protocol"))?.[1];
  if (!protocol) throw new IpOutputError("protocol", data["protocol"], "a number in brackets");
  const { flags = [] } = data; // which ip leaves out when there are none
  const keepsTags = Array.isArray(flags) && !flags.includes("REORDER_HDR");
  return { id: numberIn(data, "id"), protocol: Number(protocol), ...(keepsTags && { keepsTags }) };
}

function vxlanOf(data: IpObject): Required<Link>["vxlan"] {
  const group = optionalTextIn(data, "group") ?? optionalTextIn(data, "group6");
  return {
    id: numberIn(data, "id"),
    port: numberIn(data, "port"),
    ...present({ parent: optionalTextIn(data, "link"), group }),
  };
}

/** `fields` without those that are undefined. */
function present<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
  };
}
