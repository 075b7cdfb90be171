/** Blocks as AddressBlock objects. */

import type { AddressBlock, IpFamily } from "../../api/address_block.ts";
import type { ObjectMeta } from "../../api/kube_object.ts";
import { labelKeys } from "../../api/labels.ts";
import { type ApiGroup, apiVersionOf } from "../../api/resource.ts";
import { type Block, blockName, type BlockSpace } from "../../ipam/block.ts";
import type { NewBlock } from "../../ipam/block_store.ts";
import { type Family, formatAddress, parseAddress } from "../../net/address.ts";

/** Keys of what is noted on blocks. */
export function blockKeys(group: ApiGroup) {
  const { networkUid, family, full } = labelKeys(group);
  return {
    networkUid,
    family,
    full,
    /** Annotation: the block's size, for who lists metadata only. */
    size: `${group}/size`,
    /** Annotation: for which state of the pool every block exists. */
    complete: `${group}/complete`,
    /** Annotation: that deleted networks of the same name may have numbers of its group. */
    successor: `${group}/successor`,
  } as const;
}

/** The object of a new block. */
export function blockObject({ space, base, size, taken, isSuccessor }: NewBlock, group: ApiGroup): AddressBlock {
  const keys = blockKeys(group);
  return {
    apiVersion: apiVersionOf(group),
    kind: "AddressBlock",
    metadata: {
      name: blockName(space, base),
      labels: { [keys.networkUid]: space.network.uid, [keys.family]: familyName(space.family) },
      annotations: { [keys.size]: String(size), ...(isSuccessor && { [keys.successor]: "true" }) },
    },
    spec: {
      network: space.network,
      family: familyName(space.family),
      base: formatAddress({ family: space.family, value: base }),
      size,
      allocations: taken ? { [taken.offset]: taken.owner } : {},
      released: {},
    },
  };
}

/**
 * The block of an object.
 *
 * @throws {TypeError} when it is no block of addresses
 */
export function blockOf({ metadata, spec }: AddressBlock, group: ApiGroup): Block {
  const keys = blockKeys(group);
  const base = parseAddress(spec.base);
  if (!base) throw new TypeError(`Cannot use AddressBlock ${metadata.name}: base is ${spec.base}, must be an address`);
  const fullFor = metadata.labels?.[keys.full];
  const completeFor = metadata.annotations?.[keys.complete];
  return {
    name: metadata.name,
    base: base.value,
    size: spec.size,
    allocations: spec.allocations ?? {},
    released: spec.released ?? {},
    version: metadata.resourceVersion ?? "",
    ...(fullFor && { fullFor }),
    ...(completeFor && { completeFor }),
    ...(metadata.annotations?.[keys.successor] && { isSuccessor: true }),
  };
}

/**
 * The size of a block of which only the metadata was read.
 *
 * @throws {TypeError} when somebody removed the annotation that says it
 */
export function blockSizeOf({ name, annotations }: ObjectMeta, group: ApiGroup): number {
  const key = blockKeys(group).size;
  const size = Number(annotations?.[key]);
  if (!(size > 0)) throw new TypeError(`Cannot use AddressBlock ${name}: annotation ${key} must be its size`);
  return size;
}

/** Selects the blocks of `space`. */
export function blockSelector(space: BlockSpace, group: ApiGroup): string {
  const keys = blockKeys(group);
  return `${keys.networkUid}=${space.network.uid},${keys.family}=${familyName(space.family)}`;
}

/** Selects the blocks of other networks that have, or had, the name of that of `space`. */
export function selectBefore({ network: { kind, namespace = "", name, uid }, family }: BlockSpace, group: ApiGroup) {
  const keys = blockKeys(group);
  const fields = { kind, namespace, name };
  return {
    labelSelector: `${keys.family}=${familyName(family)},${keys.networkUid}!=${uid}`,
    fieldSelector: Object.entries(fields).map(([field, value]) => `spec.network.${field}=${value}`).join(),
  };
}

function familyName(family: Family): IpFamily {
  return family === 4 ? "IPv4" : "IPv6";
}
