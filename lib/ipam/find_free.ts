/** Where in a pool a free number is. */

import type { Block } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";
import { candidates } from "./candidates.ts";
import { type FreeOffset, freeOffset } from "./free_offset.ts";
import { hash32 } from "./hash.ts";
import { missingBlock } from "./missing_block.ts";
import { openBlock } from "./open_block.ts";
import { isDynamic, type Pool } from "./pool.ts";
import type { ReserveContext } from "./reservation.ts";

/** How long a released address rests while there are others, in milliseconds. */
export const REST_MS = 10 * 60_000;

/** Blocks of its own a node looks at before it asks for a list. */
const TRIES = 3;

/** Addresses one page of the list should cover, and the most blocks it may hold. */
const PAGE_ADDRESSES = 4096;
const PAGE_BLOCKS = 100;

/** Pages to look through for an address that has rested. */
const PAGES = 8;

/** A free number and the block it was seen in. */
export interface Find extends FreeOffset {
  readonly block: Block;
}

/** One search; the same for all its rounds. */
export interface Search {
  readonly store: BlockStore;
  readonly pool: Pool;
  /** Names the state of the pool. */
  readonly key: string;
  readonly context: ReserveContext;
  readonly random: () => number;
}

/**
 * A number of the pool that was free a moment ago; `undefined` when reads have shown every number to be taken at once.
 *
 * Looks where it is cheap first: in the node's own blocks, then in a list of the blocks that are not marked full, then
 * for blocks that were never made. An address that has not rested is only returned when none of these had a better one.
 *
 * @param round how many finds of this search were taken by others before they could be; later rounds spread wider
 */
export async function findFree(search: Search, round: number): Promise<Find | undefined> {
  const tired: Find[] = [];
  const own = round === 0 ? await searchOwnBlocks(search, tired) : undefined;
  return own ?? await searchAll(search, tired);
}

async function searchOwnBlocks(search: Search, tired: Find[]): Promise<Find | undefined> {
  const { store, pool, context: { node, owner, signal } } = search;
  const size = blockSizeFor(pool.range);
  for (const value of candidates(pool.range, size, node, owner, TRIES)) {
    const block = await openBlock(store, pool, value, size, signal);
    const find = await searchBlocks(search, [block], hash32(owner), tired);
    if (find) return find;
  }
  return undefined;
}

async function searchAll(search: Search, tired: Find[]): Promise<Find | undefined> {
  const { store, pool, context: { signal } } = search;
  for (let allExist = false;;) {
    const find = await searchFreeBlocks(search, tired);
    if (find) return find;
    if (allExist) return oldest(tired);
    const value = await findMissing(search);
    if (value !== undefined) {
      const block = await openBlock(store, pool, value, blockSizeFor(pool.range), signal);
      const find = await searchBlocks(search, [block], random32(search), tired);
      if (find) return find;
    } else if (tired.length > 0) {
      return oldest(tired);
    } else {
      allExist = true; // only a list made after this was known can show that all is taken
    }
  }
}

/** Searches the blocks that are not marked full, page by page. */
async function searchFreeBlocks(search: Search, tired: Find[]): Promise<Find | undefined> {
  const { store, pool, key, context: { signal } } = search;
  const limit = Math.min(PAGE_BLOCKS, PAGE_ADDRESSES / blockSizeFor(pool.range));
  let next: string | undefined;
  for (let pages = 0; pages < PAGES || tired.length === 0; pages++) {
    const page = await store.listFree(pool, key, limit, next, signal);
    const start = Math.floor(search.random() * page.blocks.length);
    const blocks = [...page.blocks.slice(start), ...page.blocks.slice(0, start)];
    const find = await searchBlocks(search, blocks, random32(search), tired);
    if (find) return find;
    next = page.next;
    if (next === undefined) return undefined;
  }
  return undefined;
}

/** The first rested number in `blocks`; marks those without any free number, collects those without a rested one. */
async function searchBlocks(
  { store, pool, key, context }: Search,
  blocks: readonly Block[],
  seed: number,
  tired: Find[],
): Promise<Find | undefined> {
  const restedBefore = context.now() - REST_MS;
  const full: Block[] = [];
  let rested: Find | undefined;
  for (const block of blocks) {
    const usable = (offset: number) => isDynamic(pool, block.base + BigInt(offset));
    const free = freeOffset(block, usable, seed, restedBefore);
    if (!free) {
      full.push(block);
    } else if (free.releasedAt === undefined) {
      rested = { ...free, block };
      break;
    } else {
      tired.push({ ...free, block });
    }
  }
  const unmarked = full.filter((block) => block.fullFor !== key);
  await Promise.all(unmarked.map((block) => store.markFull(block, key, context.signal)));
  return rested;
}

/** A number whose block was never made. That there are none is noted on the pool's first block, once for all. */
async function findMissing({ store, pool, key, context: { signal }, random }: Search): Promise<bigint | undefined> {
  const first = await openBlock(store, pool, pool.range.first, blockSizeFor(pool.range), signal);
  if (first.completeFor === key) return undefined;
  const missing = missingBlock(pool, pool.range, await store.sizes(pool, signal), random());
  if (missing === undefined) await store.markComplete(first.name, key, signal);
  return missing;
}

function oldest(finds: readonly Find[]): Find | undefined {
  return finds.toSorted((a, b) => (a.releasedAt ?? 0) - (b.releasedAt ?? 0))[0];
}

function random32({ random }: Search): number {
  return Math.floor(random() * 2 ** 32);
}
