/** What every {@link BlockStore} must do, as tests for any of them. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Block, blockName, type BlockSpace } from "./block.ts";
import type { BlockStore } from "./block_store.ts";

/** One part of the promise; `space` is a space of which the store has no blocks yet. */
export interface BlockStoreCase {
  readonly name: string;
  run(store: BlockStore, space: BlockSpace): Promise<void>;
}

const NOW = new Date("2026-01-02T03:04:05.678Z");
const { signal } = new AbortController();

async function makeBlock(store: BlockStore, space: BlockSpace, index = 0, size = 16): Promise<Block> {
  return await store.create({ space, base: (10n << 24n) + BigInt(index * 16), size }, signal);
}

async function reread(store: BlockStore, { name }: Block): Promise<Block> {
  const block = await store.read(name, signal);
  assert(block !== undefined, `${name} exists`);
  return block!;
}

async function freeNames(store: BlockStore, space: BlockSpace, poolKey: string, limit = 100): Promise<string[]> {
  const names: string[] = [];
  let next: string | undefined;
  do {
    const page = await store.listFree(space, poolKey, { limit, ...(next !== undefined && { next }) }, signal);
    names.push(...page.blocks.map(({ name }) => name));
    next = page.next;
  } while (next !== undefined);
  return names.sort();
}

/** All cases, in an order that names the simple failures first. */
export const blockStoreCases: readonly BlockStoreCase[] = [
  {
    name: "read() resolves to undefined for a block that was never made",
    async run(store, space) {
      assertEquals(await store.read(blockName(space, 0n), signal), undefined);
    },
  },
  {
    name: "read() of any age is of the block as it is, was, or was not yet",
    async run(store, space) {
      const made = await makeBlock(store, space);
      const taken = await store.take(made.name, 3, "a", signal);
      const states = new Set([undefined, made.version, taken.version]);
      for (let reads = 0; reads < 3; reads++) {
        assert(states.has((await store.read(made.name, signal, "any"))?.version));
      }
    },
  },
  {
    name: "create() makes an empty block of the size and base given",
    async run(store, space) {
      const block = await makeBlock(store, space, 3, 32);
      assertEquals(block.name, blockName(space, (10n << 24n) + 48n));
      assertEquals([block.base, block.size, block.allocations, block.released], [(10n << 24n) + 48n, 32, {}, {}]);
      assertEquals([block.fullFor, block.completeFor], [undefined, undefined]);
      assertEquals(await reread(store, block), block);
    },
  },
  {
    name: "create() makes a block with a number taken, unless the block is there",
    async run(store, space) {
      const taken = { offset: 3, owner: "a" };
      const made = await store.create({ space, base: 0n, size: 16, taken }, signal);
      assertEquals(made.allocations, { 3: "a" });
      assertEquals(await reread(store, made), made);
      for (const late of [{ offset: 3, owner: "b" }, { offset: 4, owner: "b" }]) {
        assertEquals(await store.create({ space, base: 0n, size: 16, taken: late }, signal), made);
      }
    },
  },
  {
    name: "create() resolves to the block that is there, whatever its size",
    async run(store, space) {
      const block = await makeBlock(store, space, 0, 32);
      await store.take(block.name, 5, "a", signal);
      const again = await makeBlock(store, space, 0, 16);
      assertEquals([again.size, again.allocations], [32, { 5: "a" }]);
    },
  },
  {
    name: "take() gives a number to one of many owners who want it",
    async run(store, space) {
      const { name } = await makeBlock(store, space);
      const owners = Array.from({ length: 8 }, (_, index) => `owner-${index}`);
      const taken = await Promise.all(owners.map((owner) => store.take(name, 7, owner, signal)));
      const told = [...new Set(taken.map(({ allocations }) => allocations[7]))];
      assertEquals(told.length, 1, "all were told the same");
      assertEquals((await store.read(name, signal))?.allocations, { 7: told[0]! });
    },
  },
  {
    name: "take() loses none of many takes in one block",
    async run(store, space) {
      const { name } = await makeBlock(store, space);
      const offsets = Array.from({ length: 16 }, (_, offset) => offset);
      const taken = await Promise.all(offsets.map((offset) => store.take(name, offset, `o${offset}`, signal)));
      for (const offset of offsets) assertEquals(taken[offset]!.allocations[offset], `o${offset}`);
      const { allocations } = (await store.read(name, signal))!;
      assertEquals(allocations, Object.fromEntries(offsets.map((offset) => [offset, `o${offset}`])));
    },
  },
  {
    name: "take() succeeds again for the owner who holds the number, and for no one else",
    async run(store, space) {
      const { name } = await makeBlock(store, space);
      for (const owner of ["a", "a", "b"]) {
        assertEquals((await store.take(name, 15, owner, signal)).allocations, { 15: "a" });
      }
    },
  },
  {
    name: "take() rejects when the block does not exist or has no such number",
    async run(store, space) {
      await assertRejects(() => store.take(blockName(space, 0n), 0, "a", signal));
      const { name } = await makeBlock(store, space);
      await assertRejects(() => store.take(name, 16, "a", signal));
    },
  },
  {
    name: "release() frees the number, notes when, and unmarks the block",
    async run(store, space) {
      const block = await makeBlock(store, space);
      await store.markFull(await store.take(block.name, 3, "a", signal), "pool", signal);
      await store.release(block.name, 3, "a", NOW, signal);
      const after = await reread(store, block);
      assertEquals([after.allocations, after.released, after.fullFor], [{}, { 3: NOW.toISOString() }, undefined]);
      assertEquals(await freeNames(store, space, "pool"), [block.name]);
    },
  },
  {
    name: "release() leaves alone what another owner holds, what is free and what does not exist",
    async run(store, space) {
      const block = await makeBlock(store, space);
      await store.take(block.name, 3, "a", signal);
      const before = await reread(store, block);
      await store.release(block.name, 3, "b", NOW, signal);
      await store.release(block.name, 4, "a", NOW, signal);
      await store.release(blockName(space, 0n), 0, "a", NOW, signal);
      assertEquals(await reread(store, block), before);
    },
  },
  {
    name: "take() forgets when the number was released",
    async run(store, space) {
      const block = await makeBlock(store, space);
      await store.take(block.name, 3, "a", signal);
      await store.release(block.name, 3, "a", NOW, signal);
      assertEquals((await store.take(block.name, 3, "b", signal)).released, {});
      assertEquals((await reread(store, block)).released, {});
    },
  },
  {
    name: "take() forgets the releases it is told to",
    async run(store, space) {
      const block = await makeBlock(store, space);
      for (const offset of [3, 4, 5]) {
        await store.take(block.name, offset, "a", signal);
        await store.release(block.name, offset, "a", NOW, signal);
      }
      assertEquals(Object.keys((await store.take(block.name, 9, "b", signal, { forget: [3, 5, 7] })).released), ["4"]);
      assertEquals((await store.take(block.name, 9, "c", signal, { forget: [4] })).released, { 4: NOW.toISOString() });
    },
  },
  {
    name: "take() marks the block full, unless it has changed since it was read",
    async run(store, space) {
      const block = await makeBlock(store, space);
      const notes = { full: { block, poolKey: "pool" } };
      const taken = await store.take(block.name, 3, "a", signal, notes);
      assertEquals([taken.allocations, taken.fullFor], [{ 3: "a" }, "pool"]);
      await store.release(block.name, 3, "a", NOW, signal);
      for (const [offset, owner, holder] of [[4, "a", "a"], [4, "b", "a"], [5, "b", "b"]] as const) {
        const late = await store.take(block.name, offset, owner, signal, notes);
        assertEquals([late.allocations[offset], late.fullFor], [holder, undefined]);
      }
      assertEquals((await reread(store, block)).fullFor, undefined);
    },
  },
  {
    name: "markFull() does nothing when the block has changed since it was read",
    async run(store, space) {
      const block = await makeBlock(store, space);
      const full = await store.take(block.name, 3, "a", signal);
      await store.release(block.name, 3, "a", NOW, signal);
      await store.markFull(full, "pool", signal);
      assertEquals((await reread(store, block)).fullFor, undefined);
    },
  },
  {
    name: "listFree() leaves out the blocks that are full for this pool, and only those",
    async run(store, space) {
      const [a, b, c] = await Promise.all([0, 1, 2].map((index) => makeBlock(store, space, index)));
      await store.markFull(a!, "this", signal);
      await store.markFull(b!, "other", signal);
      assertEquals(await freeNames(store, space, "this"), [b!.name, c!.name]);
      assertEquals(await freeNames(store, space, "other"), [a!.name, c!.name]);
    },
  },
  {
    name: "listFree() pages through everything once",
    async run(store, space) {
      const blocks = await Promise.all([0, 1, 2, 3, 4].map((index) => makeBlock(store, space, index)));
      assertEquals(await freeNames(store, space, "pool", 2), blocks.map(({ name }) => name));
    },
  },
  {
    name: "listFree() and sizes() show what existed before the block that they are to know",
    async run(store, space) {
      const blocks = await Promise.all([0, 1, 2, 3, 4].map((index) => makeBlock(store, space, index)));
      const asOf = await store.take(blocks[0]!.name, 3, "a", signal);
      const { blocks: listed, next } = await store.listFree(space, "pool", { limit: 3, asOf }, signal);
      assertEquals(listed.find(({ name }) => name === asOf.name)?.allocations, { 3: "a" });
      const rest = await store.listFree(space, "pool", { limit: 3, next: next! }, signal);
      assertEquals([...listed, ...rest.blocks].map(({ name }) => name), blocks.map(({ name }) => name));
      assertEquals((await store.sizes(space, asOf, signal)).size, 5);
    },
  },
  {
    name: "listFree() and sizes() keep networks and families apart",
    async run(store, space) {
      const other: BlockSpace = { ...space, family: 6 };
      const [mine, theirs] = [await makeBlock(store, space), await makeBlock(store, other, 0, 64)];
      assertNotEquals(mine.name, theirs.name);
      assertEquals(await freeNames(store, space, "pool"), [mine.name]);
      assertEquals(await freeNames(store, other, "pool"), [theirs.name]);
      assertEquals([...await store.sizes(space, mine, signal)], [[mine.name, 16]]);
      assertEquals([...await store.sizes(other, theirs, signal)], [[theirs.name, 64]]);
    },
  },
  {
    name: "markComplete() stays whatever happens to the block",
    async run(store, space) {
      const block = await makeBlock(store, space);
      await store.markComplete(block.name, "pool", signal);
      await store.take(block.name, 3, "a", signal);
      await store.release(block.name, 3, "a", NOW, signal);
      assertEquals((await reread(store, block)).completeFor, "pool");
    },
  },
  {
    name: "every operation ends when its signal fires",
    async run(store, space) {
      const { name } = await makeBlock(store, space);
      const aborted = AbortSignal.abort(new Error("enough"));
      await assertRejects(() => store.read(name, aborted), Error, "enough");
      await assertRejects(() => store.take(name, 0, "a", aborted), Error, "enough");
      await assertRejects(() => store.release(name, 0, "a", NOW, aborted), Error, "enough");
      await assertRejects(() => store.listFree(space, "pool", { limit: 1 }, aborted), Error, "enough");
    },
  },
  {
    name: "listBefore() resolves to the blocks of other networks of the same kind, namespace, name and family",
    async run(store, space) {
      const network = { ...space.network, name: `n-${crypto.randomUUID()}` }; // others may have used that of the space
      const own = { ...space, network };
      const other = (changes: Partial<BlockSpace["network"]>, family = space.family): BlockSpace => ({
        network: { ...network, uid: crypto.randomUUID(), ...changes },
        family,
      });
      const before = [other({}), other({})];
      const strangers = [
        other({ name: `${network.name}-2` }),
        other({ namespace: "elsewhere" }),
        other({ kind: "TenantNetwork" }),
        other({}, space.family === 4 ? 6 : 4),
      ];
      const taken = { offset: 3, owner: "a" };
      for (const each of [own, ...before, ...strangers]) {
        await store.create({ space: each, base: 0n, size: 16, taken }, signal);
      }
      const found = await store.listBefore(own, signal);
      assertEquals(found.map(({ name }) => name).sort(), before.map((each) => blockName(each, 0n)).sort());
      assertEquals(found.map(({ allocations }) => allocations), [{ 3: "a" }, { 3: "a" }]);
    },
  },
  {
    name: "take() keeps that a block is a successor's until it is told that this is settled",
    async run(store, space) {
      const made = await store.create({ space, base: 0n, size: 16, isSuccessor: true }, signal);
      assertEquals([made.isSuccessor, (await reread(store, made)).isSuccessor], [true, true]);
      assertEquals((await store.take(made.name, 1, "a", signal)).isSuccessor, true);
      assertEquals((await store.take(made.name, 2, "b", signal, { settled: true })).isSuccessor, undefined);
      const { allocations, isSuccessor } = await reread(store, made);
      assertEquals([allocations, isSuccessor], [{ 1: "a", 2: "b" }, undefined]);
      assertEquals((await makeBlock(store, space, 1)).isSuccessor, undefined);
    },
  },
];
