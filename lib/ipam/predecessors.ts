/**
 * What Pods of a deleted network still have of a network that was made anew under its name.
 *
 * The blocks of a network are its own, by UID, so a successor begins with none, on the same wire as the Pods that were
 * attached before. Whoever makes the first block of a group asks, once for all 256 numbers, whether a predecessor has
 * any of them, and marks the group's blocks if so. Blocks without the mark, which is nearly all, cost nothing more.
 *
 * A predecessor takes no number for good that it had not when it was deleted: danm looks, after all is made, whether the
 * network is still there.
 */

import { type Block, type BlockSpace, covers, offsetIn } from "./block.ts";
import { groupBase } from "./block_geometry.ts";
import type { BlockStore, NewBlock } from "./block_store.ts";

/** Owners by number, by the first number of their group. */
type HeldByGroup = ReadonlyMap<bigint, ReadonlyMap<bigint, string>>;

/**
 * `store`, for one search in `space`: numbers that predecessors' Pods hold are taken in its blocks.
 *
 * @returns blocks that have such numbers say so (`inherits`), so that none is marked full on their account
 */
export function withPredecessors(store: BlockStore, space: BlockSpace): BlockStore {
  const settled = new Set<string>();
  let reading: Promise<HeldByGroup> | undefined;

  async function heldNear(value: bigint, signal: AbortSignal): Promise<ReadonlyMap<bigint, string>> {
    reading ??= readHeld(store, space, signal);
    return (await reading).get(groupBase(value)) ?? new Map();
  }

  async function complete(block: Block, signal: AbortSignal): Promise<Block> {
    if (!block.isSuccessor) return block;
    const held = await heldNear(block.base, signal);
    if (held.size === 0) settled.add(block.name);
    const own = [...held].filter(([value]) => covers(block, value));
    if (own.length === 0) return block;
    const inherited = Object.fromEntries(own.map(([value, owner]) => [offsetIn(block, value), owner]));
    return { ...block, allocations: { ...inherited, ...block.allocations }, inherits: true };
  }

  async function create(block: NewBlock, signal: AbortSignal): Promise<Block> {
    const { base, taken, ...rest } = block;
    const mayInherit = block.isSuccessor || base === groupBase(base);
    const held = mayInherit ? await heldNear(base, signal) : new Map<bigint, string>();
    if (held.size === 0) return await store.create(block, signal);
    const isFree = taken !== undefined && !held.has(base + BigInt(taken.offset));
    const made = await store.create({ ...rest, base, isSuccessor: true, ...(isFree && { taken }) }, signal);
    return await complete(made, signal);
  }

  return {
    ...store,
    create,
    async read(name, signal, age) {
      const block = await store.read(name, signal, age);
      return block && await complete(block, signal);
    },
    async take(name, offset, owner, signal, notes) {
      const more = settled.has(name) ? { ...notes, settled: true as const } : notes;
      return await complete(await store.take(name, offset, owner, signal, more), signal);
    },
    async listFree(space, poolKey, page, signal) {
      const { blocks, ...more } = await store.listFree(space, poolKey, page, signal);
      return { ...more, blocks: await Promise.all(blocks.map((block) => complete(block, signal))) };
    },
  };
}

async function readHeld(store: BlockStore, space: BlockSpace, signal: AbortSignal): Promise<HeldByGroup> {
  const groups = new Map<bigint, Map<bigint, string>>();
  for (const { base, allocations } of await store.listBefore(space, signal)) {
    for (const [offset, owner] of Object.entries(allocations)) {
      const value = base + BigInt(offset);
      const group = groups.get(groupBase(value)) ?? new Map<bigint, string>();
      groups.set(groupBase(value), group.set(value, owner));
    }
  }
  return groups;
}
