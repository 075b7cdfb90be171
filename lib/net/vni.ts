/** VLAN and VXLAN numbers and ranges of them. */

import type { Address } from "./address.ts";

/** Which number space: IEEE 802.1Q VLAN identifiers or RFC 7348 VXLAN network identifiers. */
export type VniType = "vlan" | "vxlan";

/** A run of VNIs, both ends included. */
export interface VniRange {
  readonly first: number;
  readonly last: number;
}

const HIGHEST: Readonly<Record<VniType, number>> = { vlan: 4094, vxlan: 16_777_215 };

/** Whether `vni` is a number a network of `type` may have. */
export function isVni(type: VniType, vni: number): boolean {
  return Number.isInteger(vni) && vni >= 1 && vni <= HIGHEST[type];
}

/** The numbers allowed for `type`, in words for a message. */
export function allowedVnis(type: VniType): string {
  return `1-${HIGHEST[type]}`;
}

/**
 * Reads `2000-2500,2601`; spaces around parts are allowed.
 *
 * @returns the ranges in the order given; undefined when a part is malformed, outside the numbers of `type`, backwards
 * or overlapping another part
 */
export function parseVniRanges(type: VniType, text: string): VniRange[] | undefined {
  const ranges: VniRange[] = [];
  for (const part of text.split(",")) {
    const match = /^\s*([0-9]+)\s*(?:-\s*([0-9]+)\s*)?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (!isVni(type, first) || !isVni(type, last) || first > last) return undefined;
    if (ranges.some((range) => first <= range.last && range.first <= last)) return undefined;
    ranges.push({ first, last });
  }
  return ranges;
}

/** The EtherType of VLAN tags (IEEE 802.1Q); links of another one are other links. */
export const VLAN_PROTOCOL = 0x8100;

/** The UDP port of VXLAN (RFC 7348 §5); the kernel's own default is an older one. */
export const VXLAN_PORT = 4789;

/** The multicast group of a VXLAN: 239.0.0.0/8 (RFC 2365, administratively scoped) with the VNI in its 24 bits. */
export function vxlanMulticast(vni: number): Address {
  return { family: 4, value: (239n << 24n) | BigInt(vni) };
}
