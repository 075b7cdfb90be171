/** Gives addresses back. Every function here may be repeated, and never touches what another owner holds. */

import type { Address } from "../net/address.ts";
import type { NetworkRef } from "../api/network.ts";
import { offsetIn } from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import { findBlock } from "./open_block.ts";
import type { Claim } from "./reservation.ts";

/** Releases what `claim` says, if its owner holds it. */
export async function releaseClaim(store: BlockStore, claim: Claim, at: Date, signal: AbortSignal): Promise<void> {
  await store.release(claim.block, claim.offset, claim.owner, at, signal);
}

/** Releases `address` of `network`, if `owner` holds it: for who has a DanmEp but no claim. */
export async function releaseAddress(
  store: BlockStore,
  network: NetworkRef,
  address: Address,
  owner: string,
  at: Date,
  signal: AbortSignal,
): Promise<void> {
  const block = await findBlock(store, { network, family: address.family }, address.value, signal);
  if (!block) return;
  const offset = offsetIn(block, address.value);
  if (block.allocations[offset] === owner) await store.release(block.name, offset, owner, at, signal);
}
