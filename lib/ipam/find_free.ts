/** Where in a pool a free number is. */

import type { Block } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";
import { candidates } from "./candidates.ts";
import { type FreeOffsets, freeOffsets } from "./free_offsets.ts";
import { missingBlock } from "./missing_block.ts";
import { openBlock, type Place, placeOf } from "./open_block.ts";
import { isDynamic, type Pool } from "./pool.ts";
import type { ReserveContext } from "./reservation.ts";

/** How long a released address rests while there are others, in milliseconds. */
export const REST_MS = 10 * 60_000;

/** Blocks of its own a node looks at before it asks for a list. */
const TRIES = 2;

/** Addresses that one page of the list should cover, and the most blocks it may hold. */
const PAGE_ADDRESSES = 4096;
const PAGE_BLOCKS = 100;

/** Pages to look through for an address that has rested, when there are others. */
const PAGES = 8;

/**
 * How often a block that is found full is marked: who took its last number does that already, so that not everybody who
 * comes by in that moment has to.
 */
const MARK_CHANCE = 1 / 8;

/** A free number and the block it was seen in. */
export interface Find extends Place {
  readonly offset: number;
}

/** A free number that has not rested. */
interface TiredFind extends Find {
  readonly releasedAt: number;
}

/** One search of a pool for a number, over as many rounds as it takes. */
export interface Search {
  readonly store: BlockStore;
  readonly pool: Pool;
  /** Names the state of the pool. */
  readonly key: string;
  readonly context: ReserveContext;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What one round has seen so far. */
interface Seen {
  readonly tired: TiredFind[];
  /** Whether every block of the pool exists. Blocks never go away one by one, so this stays true. */
  allExist: boolean;
  /** A block that was just read: what a list need not be older than. */
  latest: Block | undefined;
}

/** Any number of `block` that is free and has rested. */
export function findRested({ pool, context, random }: Search, block: Block): Find | undefined {
  const { rested } = freeIn(pool, block, context.now() - REST_MS);
  const offset = rested[Math.floor(random() * rested.length)];
  return offset === undefined ? undefined : { block, offset };
}

/** The numbers of `block` whose release was noted and is of no interest at `now`, in milliseconds since 1970. */
export function restedReleases({ released }: Block, now: number): number[] {
  const restedBefore = now - REST_MS;
  return Object.entries(released).filter(([, at]) => !(Date.parse(at) > restedBefore)).map(([offset]) =>
    Number(offset)
  );
}

/**
 * A number of the pool that was free a moment ago, chosen at random among those at hand, so that writers rarely meet;
 * `undefined` when reads have shown all numbers to be taken at one moment.
 *
 * Looks where it is cheap first, in stages, and ends with the first that finds a number that has rested:
 *
 * 1. in the node's own blocks;
 * 2. in a list of the blocks that are not marked full, which may be late by a moment;
 * 3. in blocks that were never made, one after the other, until all exist.
 *
 * A number that has not rested is better than none, and is returned then. Where nothing at all was seen,
 *
 * 4. the latest list, made after it was known that all blocks exist, decides.
 *
 * Where the first stage shows that all blocks exist, and no number that has not rested, the stages between can only
 * repeat what the last one finds out.
 *
 * @param lost the block, as it is now, whose number that this found before was taken by another
 */
export async function findFree(search: Search, lost?: Block): Promise<Find | undefined> {
  const seen: Seen = { tired: [], allExist: false, latest: lost };
  const own = lost ? undefined : await searchOwnBlocks(search, seen);
  if (own) return own;
  if (!seen.allExist || seen.tired.length > 0) {
    const other = await searchListedBlocks(search, seen, seen.latest) ?? await searchMissingBlocks(search, seen);
    if (other) return other;
  }
  if (seen.tired.length > 0) return oneOfTheOldest(seen.tired, search.random());
  return await searchListedBlocks(search, seen, undefined) ?? oneOfTheOldest(seen.tired, search.random());
}

/**
 * Whether `pool` has no number left in `block`, and will have none until one is released there: what Pods of other
 * networks hold is not released there.
 */
export function isFull(pool: Pool, block: Block): boolean {
  const { rested, tired } = freeIn(pool, block, 0);
  return rested.length + tired.length === 0 && !block.inherits;
}

async function searchOwnBlocks(search: Search, seen: Seen): Promise<Find | undefined> {
  const { pool, context: { node, owner } } = search;
  for (const value of candidates(pool.range, blockSizeFor(pool.range), node, owner, TRIES)) {
    const find = await searchBlockOf(search, value, seen);
    if (find) return find;
  }
  return undefined;
}

async function searchMissingBlocks(search: Search, seen: Seen): Promise<Find | undefined> {
  while (!seen.allExist) {
    const value = await findMissing(search, seen);
    const find = value === undefined ? undefined : await searchBlockOf(search, value, seen);
    if (find) return find;
    seen.allExist ||= value === undefined;
  }
  return undefined;
}

/** Searches the blocks that are not marked full, page by page; as they were with `asOf`, or as they are. */
async function searchListedBlocks(search: Search, seen: Seen, asOf: Block | undefined): Promise<Find | undefined> {
  const { store, pool, key, context: { signal } } = search;
  const limit = Math.min(PAGE_BLOCKS, PAGE_ADDRESSES / blockSizeFor(pool.range));
  let next: string | undefined;
  for (let pages = 0; pages < PAGES || seen.tired.length === 0; pages++) {
    const place = next !== undefined ? { next } : asOf ? { asOf } : {};
    const page = await store.listFree(pool, key, { limit, ...place }, signal);
    const find = await searchBlocks(search, page.blocks, seen);
    if (find) return find;
    next = page.next;
    if (next === undefined) return undefined;
  }
  return undefined;
}

async function searchBlockOf(search: Search, value: bigint, seen: Seen): Promise<Find | undefined> {
  const { store, pool, context: { signal } } = search;
  const { block, unmade } = await placeOf(store, pool, value, blockSizeFor(pool.range), "any", signal);
  const find = unmade && findRested(search, block);
  if (find) return { ...find, unmade };
  seen.latest = unmade ? await store.create(unmade, signal) : block; // a pool is complete with blocks of no use as well
  return await searchBlocks(search, [seen.latest], seen);
}

/** Any rested number in `blocks`; marks blocks without a free number, notes what else there was to see. */
async function searchBlocks(search: Search, blocks: readonly Block[], seen: Seen): Promise<Find | undefined> {
  const { store, pool, key, context, random } = search;
  const restedBefore = context.now() - REST_MS;
  const rested: Find[] = [];
  const full: Block[] = [];
  for (const block of blocks) {
    const free = freeIn(pool, block, restedBefore);
    rested.push(...free.rested.map((offset) => ({ block, offset })));
    seen.tired.push(...free.tired.map((number) => ({ block, ...number })));
    seen.allExist ||= block.completeFor === key;
    if (block.fullFor !== key && isFull(pool, block) && random() < MARK_CHANCE) full.push(block);
  }
  await Promise.all(full.map((block) => store.markFull(block, key, context.signal)));
  return rested[Math.floor(random() * rested.length)];
}

function freeIn(pool: Pool, block: Block, restedBefore: number): FreeOffsets {
  return freeOffsets(block, (offset) => isDynamic(pool, block.base + BigInt(offset)), restedBefore);
}

/** A number whose block was never made. That there are none is noted on the pool's first block, once for all. */
async function findMissing(
  { store, pool, key, context: { signal }, random }: Search,
  { latest }: Seen,
): Promise<bigint | undefined> {
  const first = await openBlock(store, pool, pool.range.first, blockSizeFor(pool.range), signal);
  if (first.completeFor === key) return undefined;
  const missing = missingBlock(pool, pool.range, await store.sizes(pool, latest ?? first, signal), random());
  if (missing === undefined) await store.markComplete(first.name, key, signal);
  return missing;
}

/**
 * One of the older half: what was released last still comes last, but writers that find nothing but tired numbers, as
 * when all Pods of a network are made anew, do not all want the same one.
 */
function oneOfTheOldest(finds: readonly TiredFind[], random: number): Find | undefined {
  const older = Math.max(1, Math.floor(finds.length / 2));
  return finds.toSorted((a, b) => a.releasedAt - b.releasedAt)[Math.floor(random * older)];
}
