/** Takes an address of a network for one owner, however many others are doing the same. */

import { type Address, formatAddress } from "../net/address.ts";
import { contains, formatSubnet } from "../net/subnet.ts";
import { pause } from "../time/pause.ts";
import { type Block, offsetIn } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore, TakeNotes } from "./block_store.ts";
import { type Find, findFree, findRested, isFull, restedReleases, type Search } from "./find_free.ts";
import { isHostAddress } from "./host_address.ts";
import { isSet } from "./legacy_bitmap.ts";
import { placeOf } from "./open_block.ts";
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
  const search: Search = { store, pool, key: poolKey(pool), context, random: context.random ?? Math.random };
  return request.kind === "static" ? await reserveStatic(search, request.address) : await reserveDynamic(search);
}

async function reserveDynamic(search: Search): Promise<Reservation> {
  const { pool, context: { signal }, random } = search;
  let lost: Block | undefined;
  for (let round = 0;; round++) {
    const find = (lost && findRested(search, lost)) ?? await findFree(search, lost);
    if (!find) throw new PoolExhaustedError(pool);
    const { reservation, block } = await take(search, find);
    if (reservation) return reservation;
    lost = block;
    await pause(random() * Math.min(MAX_PAUSE_MS, 5 * 2 ** round), signal);
    signal.throwIfAborted();
  }
}

async function reserveStatic(search: Search, address: Address): Promise<Reservation> {
  const { store, pool, context: { owner, signal } } = search;
  checkStatic(pool, address);
  for (;;) {
    const place = await placeOf(store, pool, address.value, blockSizeFor(pool.range), "latest", signal);
    const offset = offsetIn(place.block, address.value);
    const holder = place.block.allocations[offset];
    if (holder !== undefined && holder !== owner) throw new AddressTakenError(pool, address, holder);
    const { reservation } = await take(search, { ...place, offset });
    if (reservation) return reservation; // else somebody was faster, and the next read tells who
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

/** What came of an attempt to take a number. */
interface Attempt {
  /** Undefined when somebody else was faster. */
  readonly reservation?: Reservation;
  /** The block as it is after that. */
  readonly block: Block;
}

/** Takes what was found free. */
async function take(search: Search, find: Find): Promise<Attempt> {
  const { store, pool, key, context: { owner, intend, signal } } = search;
  const { block: { name, base }, offset } = find;
  signal.throwIfAborted();
  const address = { family: pool.family, value: base + BigInt(offset) };
  const claim: Claim = { block: name, offset, address: formatAddress(address), owner };
  await intend(claim);
  const block = find.unmade
    ? await store.create({ ...find.unmade, taken: { offset, owner } }, signal)
    : await store.take(name, offset, owner, signal, notesOn(search, find));
  if (block.allocations[offset] !== owner) return { block };
  if (block.fullFor !== key && isFull(pool, block)) { // several took its last numbers at once, or it has but one
    // So that others need not look at it. The address is held either way: if this fails, who looks next marks it.
    await store.markFull(block, key, signal).catch(() => {});
  }
  return { reservation: { address, prefix: pool.subnet.prefix, claim }, block };
}

function notesOn({ pool, key, context: { owner, now } }: Search, { block, offset }: Find): TakeNotes {
  const after = { ...block, allocations: { ...block.allocations, [offset]: owner } };
  return {
    forget: restedReleases(block, now()),
    ...(block.fullFor !== key && isFull(pool, after) && { full: { block, poolKey: key } }),
  };
}
