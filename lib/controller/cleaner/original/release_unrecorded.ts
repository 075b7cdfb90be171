/** Releases what an import had to hold without knowing for whom. */

import type { AddressBlock } from "../../../api/address_block.ts";
import type { DanmEp } from "../../../api/danm_ep.ts";
import { labelKeys } from "../../../api/labels.ts";
import { resourceFor } from "../../../api/resource.ts";
import { UNRECORDED_OWNER } from "../../../ipam/legacy_import.ts";
import { blockOf } from "../../../kube/blocks/block_object.ts";
import { listAll } from "../../../kube/client/list_all.ts";
import { listPages } from "../../../kube/client/list_pages.ts";
import { type Address, formatAddress, parseAddress } from "../../../net/address.ts";
import type { ImportContext } from "./import_context.ts";

/** Blocks in one page of a list: some megabytes. */
const PAGE_SIZE = 100;

/**
 * Releases every address of the network `uid` that is held for the original system and that no DanmEp names. In a dry
 * run it only tells them.
 */
export async function releaseUnrecorded(context: ImportContext, uid: string): Promise<string[]> {
  const { kube, group, store, dryRun, signal } = context;
  const selection = { labelSelector: `${labelKeys(group).networkUid}=${uid}`, signal };
  const recorded = new Set<string>();
  for (const { spec: { Interface } } of await listAll<DanmEp>(kube, resourceFor("DanmEp", group), selection)) {
    for (const text of [Interface.Address, Interface.AddressIPv6]) {
      const address = parseAddress(text.split("/")[0]!);
      if (address) recorded.add(formatAddress(address));
    }
  }
  const released: string[] = [];
  for await (
    const { items } of listPages<AddressBlock>(kube, resourceFor("AddressBlock", group), selection, PAGE_SIZE)
  ) {
    for (const { offset, name, text } of items.flatMap((item) => unrecordedIn(item, group))) {
      if (recorded.has(text)) continue;
      if (!dryRun) await store.release(name, offset, UNRECORDED_OWNER, new Date(), signal);
      released.push(text);
    }
  }
  return released;
}

function unrecordedIn(item: AddressBlock, group: ImportContext["group"]) {
  const block = blockOf(item, group);
  const family: Address["family"] = item.spec.family === "IPv4" ? 4 : 6;
  return Object.entries(block.allocations).flatMap(([key, owner]) => {
    const offset = Number(key);
    const text = formatAddress({ family, value: block.base + BigInt(offset) });
    return owner === UNRECORDED_OWNER ? [{ name: block.name, offset, text }] : [];
  });
}
