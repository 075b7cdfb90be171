/** Takes an address of a network for one owner, however many others are doing the same. */

import { type Address, formatAddress } from "../net/address.ts";
import { contains, formatSubnet } from "../net/subnet.ts";
import { type Block, offsetIn } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";
import { findFree, isFull, type Search } from "./find_free.ts";
import { isHostAddress } from "./host_address.ts";
import { isSet } from "./legacy_bitmap.ts";
import { openBlock } from "./open_block.ts";
import { type Pool, poolKey } from "./pool.ts";
import type { Claim, Reservation, ReserveContext, ReserveRequest } from "./reservation.ts";
import { AddressOutsideError, AddressTakenError, PoolExhaustedError } from "./reserve_error.ts";

/** The longest pause between two attempts, in milliseconds. */
const MAX_PAUSE_MS = 200;

/**
 * Reserves an address of `pool`: any of it, or a given one of its subnet.
 *
 * When this rejects, the last claim given to `context.intend` may or may not be held: release it.
 *
 * @throws {PoolExhaustedError} when all of the pool was seen to be taken at one moment
 * @throws {AddressTakenError} when another owner holds the static address
 * @throws {AddressOutsideError} when the static address is none that an interface of the network may have
 * @throws the reason of `context.signal` when that comes first, and whatever `store` rejects with
 */
export async function reserveAddress(
  store: BlockStore,
  pool: Pool,
  request: ReserveRequest,
  context: ReserveContext,
): Promise<Reservation> {
  return request.kind === "static"
    ? await reserveStatic(store, pool, request.address, context)
    : await reserveDynamic(store, pool, context);
}

async function reserveDynamic(store: BlockStore, pool: Pool, context: ReserveContext): Promise<Reservation> {
  const search: Search = { store, pool, key: poolKey(pool), context, random: context.random ?? Math.random };
  for (let round = 0;; round++) {
    const find = await findFree(search, round);
    if (!find) throw new PoolExhaustedError(pool);
    const taken = await take(store, pool, find.block, find.offset, context);
    if (taken) {
      await markIfFull(search, taken.block);
      return taken.reservation;
    }
    await pause(search.random() * Math.min(MAX_PAUSE_MS, 5 * 2 ** round), context.signal);
  }
}

async function reserveStatic(
  store: BlockStore,
  pool: Pool,
  address: Address,
  context: ReserveContext,
): Promise<Reservation> {
  checkStatic(pool, address);
  for (;;) {
    const block = await openBlock(store, pool, address.value, blockSizeFor(pool.range), context.signal);
    const offset = offsetIn(block, address.value);
    const holder = block.allocations[offset];
    if (holder !== undefined && holder !== context.owner) throw new AddressTakenError(pool, address, holder);
    const taken = await take(store, pool, block, offset, context);
    if (taken) return taken.reservation; // else somebody was faster, and the next read tells who
  }
}

function checkStatic(pool: Pool, address: Address): void {
  const { subnet, reserved, legacy } = pool;
  if (!contains(subnet, address) || !isHostAddress(subnet, address.value)) {
    throw new AddressOutsideError(pool, address, `a host address of ${formatSubnet(subnet)}`);
  }
  if (reserved.has(address.value)) throw new AddressOutsideError(pool, address, "none of the network's gateways");
  if (legacy && isSet(legacy, address.value)) {
    throw new AddressTakenError(pool, address, "the allocation bitmap of the original DANM");
  }
}

async function take(
  store: BlockStore,
  pool: Pool,
  block: Block,
  offset: number,
  { owner, intend, signal }: ReserveContext,
): Promise<{ readonly reservation: Reservation; readonly block: Block } | undefined> {
  signal.throwIfAborted();
  const address = { family: pool.family, value: block.base + BigInt(offset) };
  const claim: Claim = { block: block.name, offset, address: formatAddress(address), owner };
  await intend(claim);
  const after = await store.take(block.name, offset, owner, signal);
  return after && { reservation: { address, prefix: pool.subnet.prefix, claim }, block: after };
}

/** Whoever takes the last number marks the block, so that others need not look at it. */
async function markIfFull({ store, pool, key, context }: Search, block: Block): Promise<void> {
  if (!isFull(pool, block)) return;
  await store.markFull(block, key, context.signal).catch(() => {}); // the address is held; the next to look will mark
}

/** Waits `ms` milliseconds; rejects with the reason of `signal` when that comes first. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  await promise;
  signal.removeEventListener("abort", stop);
  clearTimeout(timer);
  signal.throwIfAborted();
}
