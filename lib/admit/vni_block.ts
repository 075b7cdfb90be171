/** VLAN and VXLAN numbers, kept in AddressBlocks as addresses are: one owner per number. */

import { type AddressBlock, MAX_BLOCK_SIZE } from "../api/address_block.ts";
import { type ApiGroup, apiVersionOf } from "../api/resource.ts";
import { hashKey } from "../ipam/hash.ts";
import type { VniType } from "../net/vni.ts";
import type { Segment } from "./network_review.ts";

/**
 * Numbers that are unique among themselves: the VLANs of a device, or all VXLANs. A node can have a VXLAN number once,
 * whatever the device is that its packets leave by.
 */
export type VniSpace = { readonly type: "vlan"; readonly device: string } | { readonly type: "vxlan" };

/** The space that the number of `segment` is unique in. */
export function vniSpaceOf({ type, device }: Pick<Segment, "type" | "device">): VniSpace {
  return type === "vlan" ? { type, device } : { type };
}

/** The label that blocks of numbers have; its value tells their space. */
export function vniSpaceLabel(group: ApiGroup): string {
  return `${group}/vni-space`;
}

/** The value of {@link vniSpaceLabel} for `space`: a device's name may be longer than a label's value. */
export function vniSpaceKey(space: VniSpace): string {
  return space.type === "vlan" ? `vlan-${hashKey(space.device)}` : "vxlan";
}

/** The first number of the block that keeps `vni`. */
export function vniBlockBase(vni: number): number {
  return vni - vni % MAX_BLOCK_SIZE;
}

/** The name of the block at `base`: the same for everybody, so that the API server decides who makes it. */
export function vniBlockName(space: VniSpace, base: number): string {
  return `vni-${vniSpaceKey(space)}-${base}`;
}

/** A new block of which nobody holds a number yet. */
export function vniBlock(space: VniSpace, base: number, group: ApiGroup): AddressBlock {
  return {
    apiVersion: apiVersionOf(group),
    kind: "AddressBlock",
    metadata: { name: vniBlockName(space, base), labels: { [vniSpaceLabel(group)]: vniSpaceKey(space) } },
    spec: {
      ...(space.type === "vlan" && { device: space.device }),
      vniType: space.type,
      base: String(base),
      size: MAX_BLOCK_SIZE,
      allocations: {},
      released: {},
    },
  };
}

/** A number that somebody holds, and where that is written. */
export interface HeldVni {
  /** Name of the AddressBlock. */
  readonly block: string;
  readonly offset: number;
  readonly owner: string;
  readonly type: VniType;
  /** Absent of a VXLAN. */
  readonly device?: string | undefined;
  readonly vni: number;
}

/** All numbers that are held in `blocks`. */
export function heldVnis(blocks: readonly AddressBlock[]): HeldVni[] {
  return blocks.flatMap(({ metadata: { name: block }, spec: { vniType: type, device, base, allocations = {} } }) => {
    if (type === undefined) return [];
    return Object.entries(allocations).map(([offset, owner]) => ({
      block,
      offset: Number(offset),
      owner,
      type,
      device,
      vni: Number(base) + Number(offset),
    }));
  });
}

/** Names a number within all numbers: two that have the same name cannot both be used on one node. */
export function vniKey({ type, device, vni }: Pick<HeldVni, "type" | "device" | "vni">): string {
  return type === "vlan" ? `vlan ${vni} ${device}` : `vxlan ${vni}`;
}
