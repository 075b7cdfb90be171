/** VLAN and VXLAN numbers of a device, kept in AddressBlocks as addresses are: one owner per number. */

import { type AddressBlock, MAX_BLOCK_SIZE } from "../api/address_block.ts";
import { type ApiGroup, apiVersionOf } from "../api/resource.ts";
import { hashKey } from "../ipam/hash.ts";
import type { VniRange } from "../net/vni.ts";
import type { Segment } from "./network_review.ts";

/** Numbers that are unique among themselves: those of one type on one device. */
export type VniSpace = Pick<Segment, "device" | "type">;

/** The label by which the blocks of a space are found: a device's name may be longer than a label's value. */
export function vniSpaceLabel(group: ApiGroup): string {
  return `${group}/vni-space`;
}

/** The value of {@link vniSpaceLabel} for `space`. */
export function vniSpaceKey({ device, type }: VniSpace): string {
  return `${type}-${hashKey(device)}`;
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
      device: space.device,
      vniType: space.type,
      base: String(base),
      size: MAX_BLOCK_SIZE,
      allocations: {},
      released: {},
    },
  };
}

/** Who holds the numbers of a space, by number. */
export type VniHolders = ReadonlyMap<number, string>;

/** Who holds the numbers of `space`, as its blocks say. */
export function vniHolders(space: VniSpace, blocks: readonly AddressBlock[]): VniHolders {
  const own = blocks.filter(({ spec }) => spec.device === space.device && spec.vniType === space.type);
  return new Map(
    own.flatMap(({ spec }) =>
      Object.entries(spec.allocations ?? {}).map(([offset, owner]) => [Number(spec.base) + Number(offset), owner])
    ),
  );
}

/** The lowest number of `ranges`, in their order, that is not taken; undefined when all are. */
export function nextFreeVni(ranges: readonly VniRange[], isTaken: (vni: number) => boolean): number | undefined {
  for (const { first, last } of ranges) {
    for (let vni = first; vni <= last; vni++) {
      if (!isTaken(vni)) return vni;
    }
  }
  return undefined;
}
