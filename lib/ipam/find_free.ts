/** Where in a pool a free number is. */

import type { Block } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";
import { candidates } from "./candidates.ts";
import { type FreeOffsets, freeOffsets } from "./free_offsets.ts";
import { missingBlock } from "./missing_block.ts";
import { openBlock } from "./open_block.ts";
import { isDynamic, type Pool } from "./pool.ts";
import type { ReserveContext } from "./reservation.ts";

/** How long a released address rests while there are others, in milliseconds. */
export const REST_MS = 10 * 60_000;

/** Blocks of its own a node looks at before it asks for a list. */
const TRIES = 3;

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
export interface Find {
  readonly block: Block;
  readonly offset: number;
}

/** A free number that has not rested. */
interface TiredFind extends Find {
  readonly releasedAt: number;
}

/** One search; the same for all its rounds. */
export interface Search {
  readonly store: BlockStore;
  readonly pool: Pool;
  /** Names the state of the pool. */
  readonly key: string;
  readonly context: ReserveContext;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * A number of the pool that was free a moment ago, chosen at random among those at hand, so that writers rarely meet;
 * `undefined` when reads have shown all numbers to be taken at one moment.
 *
 * Looks where it is cheap first: in the node's own blocks, then in a list of the blocks that are not marked full, then
 * for blocks that were never made. A number that has not rested is only returned when none of these had a better one:
 * then the one released longest ago.
 *
 * @param round how many finds of this search were taken by others before they could be
 */
export async function findFree(search: Search, round: number): Promise<Find | undefined> {
  const tired: TiredFind[] = [];
  const own = round === 0 ? await searchOwnBlocks(search, tired) : undefined;
  return own ?? await searchAllBlocks(search, tired);
}

async function searchOwnBlocks(search: Search, tired: TiredFind[]): Promise<Find | undefined> {
  const { pool, context: { node, owner } } = search;
  for (const value of candidates(pool.range, blockSizeFor(pool.range), node, owner, TRIES)) {
    const find = await searchBlockOf(search, value, tired);
    if (find) return find;
  }
  return undefined;
}

async function searchAllBlocks(search: Search, tired: TiredFind[]): Promise<Find | undefined> {
  for (let allExist = false;;) {
    const listed = await searchFreeBlocks(search, tired);
    if (listed || allExist) return listed ?? oldest(tired);
    const value = await findMissing(search);
    if (value !== undefined) {
      const made = await searchBlockOf(search, value, tired);
      if (made) return made;
    } else if (tired.length > 0) {
      return oldest(tired);
    } else {
      allExist = true; // only a list made after this was known can show that all is taken
    }
  }
}

/** Searches the blocks that are not marked full, page by page. */
async function searchFreeBlocks(search: Search, tired: TiredFind[]): Promise<Find | undefined> {
  const { store, pool, key, context: { signal } } = search;
  const limit = Math.min(PAGE_BLOCKS, PAGE_ADDRESSES / blockSizeFor(pool.range));
  let next: string | undefined;
  for (let pages = 0; pages < PAGES || tired.length === 0; pages++) {
    const page = await store.listFree(pool, key, limit, next, signal);
    const find = await searchBlocks(search, page.blocks, tired);
    if (find) return find;
    next = page.next;
    if (next === undefined) return undefined;
  }
  return undefined;
}

async function searchBlockOf(search: Search, value: bigint, tired: TiredFind[]): Promise<Find | undefined> {
  const { store, pool, context: { signal } } = search;
  return await searchBlocks(search, [await openBlock(store, pool, value, blockSizeFor(pool.range), signal)], tired);
}

/** Whether `pool` has no number left in `block`. */
export function isFull(pool: Pool, block: Block): boolean {
  const { rested, tired } = freeIn(pool, block, 0);
  return rested.length + tired.length === 0;
}

function freeIn(pool: Pool, block: Block, restedBefore: number): FreeOffsets {
  return freeOffsets(block, (offset) => isDynamic(pool, block.base + BigInt(offset)), restedBefore);
}

/** Any rested number in `blocks`; marks blocks without a free number, collects the numbers that have not rested. */
async function searchBlocks(
  { store, pool, key, context, random }: Search,
  blocks: readonly Block[],
  tired: TiredFind[],
): Promise<Find | undefined> {
  const restedBefore = context.now() - REST_MS;
  const rested: Find[] = [];
  const full: Block[] = [];
  for (const block of blocks) {
    const free = freeIn(pool, block, restedBefore);
    rested.push(...free.rested.map((offset) => ({ block, offset })));
    tired.push(...free.tired.map((number) => ({ block, ...number })));
    const isFull = free.rested.length + free.tired.length === 0;
    if (isFull && block.fullFor !== key && random() < MARK_CHANCE) full.push(block);
  }
  await Promise.all(full.map((block) => store.markFull(block, key, context.signal)));
  return rested[Math.floor(random() * rested.length)];
}

/** A number whose block was never made. That there are none is noted on the pool's first block, once for all. */
async function findMissing({ store, pool, key, context: { signal }, random }: Search): Promise<bigint | undefined> {
  const first = await openBlock(store, pool, pool.range.first, blockSizeFor(pool.range), signal);
  if (first.completeFor === key) return undefined;
  const missing = missingBlock(pool, pool.range, await store.sizes(pool, signal), random());
  if (missing === undefined) await store.markComplete(first.name, key, signal);
  return missing;
}

function oldest(finds: readonly TiredFind[]): Find | undefined {
  return finds.toSorted((a, b) => a.releasedAt - b.releasedAt)[0];
}
