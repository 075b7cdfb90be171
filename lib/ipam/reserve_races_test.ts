/** Many writers at once, in every order of their steps that chance finds, against what must hold in any order. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import type { Block } from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import { blockBase, groupBase } from "./block_geometry.ts";
import { candidates } from "./candidates.ts";
import { createMemoryBlockStore, type MemoryBlockStore } from "./memory_block_store.ts";
import { releaseClaim } from "./release_address.ts";
import type { Claim, Reservation } from "./reservation.ts";
import { reserveAddress } from "./reserve_address.ts";
import { AddressTakenError, PoolExhaustedError } from "./reserve_error.ts";
import { testPool } from "./test_network.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const { signal } = new AbortController();

/**
 * Eight blocks with two free numbers each, the rest given out by the original system: small enough to be full, large
 * enough that no writer knows all blocks.
 */
const FREE = Array.from({ length: 8 }, (_, block) => [16 * block + 3, 16 * block + 12]).flat();
const POOL = testPool({ cidr: "10.0.0.0/25", alloc: bitmapWithout(FREE) });
const COUNT = FREE.length;

function bitmapWithout(free: readonly number[]): string {
  const bytes = new Uint8Array(16).fill(0xff);
  for (const offset of free) bytes[offset >> 3]! &= ~(0x80 >> (offset & 7));
  return bytes.toBase64();
}

/** One thing a writer does: it asks for an address (one by its offset, or any), and may give it back. */
interface Step {
  readonly wants: number | undefined;
  readonly leaves: boolean;
}

const ANY: Step = { wants: undefined, leaves: false };

const anyStep: fc.Arbitrary<Step> = fc.record({
  wants: fc.option(fc.constantFrom(...FREE), { nil: undefined, freq: 4 }),
  leaves: fc.boolean(),
});

/** Owners of all numbers, by address. */
function holders(store: MemoryBlockStore): Map<bigint, string> {
  return new Map(
    store.all().flatMap(({ base, allocations }) =>
      Object.entries(allocations).map(([offset, owner]) => [base + BigInt(offset), owner])
    ),
  );
}

/** A store that calls `afterWrite` after each write that takes or releases. */
function observed(store: MemoryBlockStore, afterWrite: () => void): BlockStore {
  const watch =
    <Args extends unknown[], Result>(write: (...args: Args) => Promise<Result>) => async (...args: Args) => {
      const result = await write(...args);
      afterWrite();
      return result;
    };
  return { ...store, create: watch(store.create), take: watch(store.take), release: watch(store.release) };
}

/** Does one step; resolves to what `owner` holds then, or to why it was refused. */
async function doStep(
  store: BlockStore,
  owner: string,
  { wants, leaves }: Step,
  random: () => number,
): Promise<Reservation | Error | undefined> {
  const request = wants === undefined
    ? { kind: "dynamic" } as const
    : { kind: "static", address: { family: POOL.family, value: POOL.subnet.base + BigInt(wants) } } as const;
  const context = { node: owner, owner, intend: () => Promise.resolve(), now: () => NOW, random, signal };
  try {
    const reservation = await reserveAddress(store, POOL, request, context);
    if (!leaves) return reservation;
    await releaseClaim(store, reservation.claim, new Date(NOW), signal);
    return undefined;
  } catch (error) {
    if (error instanceof PoolExhaustedError || error instanceof AddressTakenError) return error;
    throw error;
  }
}

Deno.test("reserveAddress() never gives a number twice, loses none and is never exhausted too early", async () => {
  const anyWriters = fc.array(fc.array(anyStep, { maxLength: 4 }), { minLength: 1, maxLength: 24 });
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      anyWriters,
      fc.integer({ min: 1 }),
      fc.boolean(),
      async (s, writers, seed, isLate) => {
        const memory = createMemoryBlockStore({ turn: () => s.schedule(Promise.resolve()), isLate });
        const moments = [0]; // how many numbers were taken, after each write
        const store = observed(memory, () => moments.push(holders(memory).size));
        const random = randomFrom(seed);
        const held = new Map<bigint, string>();
        await s.waitFor(Promise.all(writers.map(async (steps, writer) => {
          for (const [index, step] of steps.entries()) {
            const [owner, start] = [`${writer}-${index}`, moments.length - 1];
            const end = await doStep(store, owner, step, random);
            if (end instanceof PoolExhaustedError) {
              assertEquals(Math.max(...moments.slice(start)), COUNT, "there was a moment when all was taken");
            } else if (end && !(end instanceof Error)) {
              assertEquals(held.has(end.address.value), false, "one owner of each number");
              held.set(end.address.value, owner);
            }
          }
        })));
        assertEquals(sorted(held), sorted(holders(memory)), "the store says what the writers were told");
      },
    ),
    { numRuns: 300 },
  );
});

for (const writers of [2, COUNT, 20]) {
  Deno.test(`reserveAddress() finds the last free number among ${writers} writers`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1 }), async (s, seed) => {
        const store = createMemoryBlockStore({ turn: () => s.schedule(Promise.resolve()) });
        const random = randomFrom(seed);
        const owners = Array.from({ length: writers }, (_, writer) => `o${writer}`);
        const ends = await s.waitFor(Promise.all(owners.map((owner) => doStep(store, owner, ANY, random))));
        assertEquals(ends.filter((end) => !(end instanceof Error)).length, Math.min(COUNT, writers));
      }),
      { numRuns: 100 },
    );
  });
}

/** Values of the two free numbers in a block that "late" does not look at first, and of all the others. */
function splitByLate(): { readonly hidden: readonly bigint[]; readonly rest: readonly bigint[] } {
  const near = candidates(POOL.range, 16, "late", "late", 2).map((value) => blockBase(value, 16));
  const far = FREE.map((offset) => POOL.subnet.base + BigInt(offset));
  const known = [...near, groupBase(POOL.subnet.base)]; // the first block of a group is made with any other
  const hidden = far.find((value) => !known.includes(blockBase(value, 16)))!;
  const isHidden = (value: bigint) => blockBase(value, 16) === blockBase(hidden, 16);
  return { hidden: far.filter(isHidden), rest: far.filter((value) => !isHidden(value)) };
}

async function takeAll(store: BlockStore, values: readonly bigint[]): Promise<void> {
  for (const value of values) {
    await doStep(store, `o${value}`, { wants: Number(value - POOL.subnet.base), leaves: false }, () => 0);
  }
}

Deno.test("reserveAddress() finds a block that was made after the list of blocks was read", async () => {
  const { hidden, rest } = splitByLate();
  const store = createMemoryBlockStore();
  await takeAll(store, rest);
  const late: BlockStore = {
    ...store,
    async sizes(space, _asOf, signal) {
      await takeAll(store, hidden.slice(1));
      const [newest] = store.all().toSorted((a, b) => Number(b.version) - Number(a.version));
      return await store.sizes(space, newest!, signal);
    },
  };
  const end = await doStep(late, "late", ANY, () => 0);
  assertEquals(end && !(end instanceof Error) && end.address.value, hidden[0]);
});

for (const when of ["its last number was taken", "it was marked full"] as const) {
  Deno.test(`reserveAddress() finds a number that was released in a full block just before ${when}`, async () => {
    const { hidden, rest } = splitByLate();
    const store = createMemoryBlockStore();
    await takeAll(store, rest);
    const freed = hidden[0]!;
    await takeAll(store, [freed]);
    const freeIt = async ({ name, base }: Pick<Block, "name" | "base">) =>
      await store.release(name, Number(freed - base), `o${freed}`, new Date(NOW), signal);
    const racing: BlockStore = {
      ...store,
      async take(name, offset, owner, signal, notes) {
        const full = notes?.full;
        assert(full !== undefined, "it is the last number");
        if (when === "it was marked full") return await store.take(name, offset, owner, signal);
        await freeIt(full!.block);
        return await store.take(name, offset, owner, signal, notes);
      },
      async markFull(block, key, signal) {
        if (when === "it was marked full") await freeIt(block);
        await store.markFull(block, key, signal);
      },
    };
    await doStep(racing, "takes the last", ANY, () => 0);
    const end = await doStep(store, "late", ANY, () => 0);
    assertEquals(end && !(end instanceof Error) && end.address.value, freed);
  });
}

function sorted(owners: ReadonlyMap<bigint, string>): (readonly [bigint, string])[] {
  return [...owners].toSorted(([a], [b]) => Number(a - b));
}

/** A store that fails once, at its `at`th operation: before it does it, or after, when only the answer is lost. */
function failing(store: BlockStore, at: number, isAnswerLost: boolean): BlockStore {
  let operation = 0;
  const fail = <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) => async (...args: Args) => {
    const fails = ++operation === at;
    if (fails && !isAnswerLost) throw new Error("killed");
    const result = await call(...args);
    if (fails) throw new Error("killed");
    return result;
  };
  return {
    read: fail(store.read),
    create: fail(store.create),
    take: fail(store.take),
    release: fail(store.release),
    markFull: fail(store.markFull),
    markComplete: fail(store.markComplete),
    listFree: fail(store.listFree),
    listBefore: fail(store.listBefore),
    sizes: fail(store.sizes),
  };
}

Deno.test("a writer killed at any moment holds at most what it intended last, and that can be released", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(COUNT), fc.integer({ min: 1, max: 20 }), fc.boolean(), async (taken, at, isAnswerLost) => {
      const store = createMemoryBlockStore();
      const random = randomFrom(taken + 1);
      for (let n = 0; n < taken; n++) await doStep(store, `o${n}`, ANY, random);
      const claims: Claim[] = [];
      const context = {
        node: "node",
        owner: "victim",
        intend: (claim: Claim) => Promise.resolve(void claims.push(claim)),
        now: () => NOW,
        random,
        signal,
      };
      await reserveAddress(failing(store, at, isAnswerLost), POOL, { kind: "dynamic" }, context).catch(() => {});
      const held = [...holders(store)].filter(([, owner]) => owner === "victim");
      const last = claims.at(-1);
      assert(held.length <= 1, "at most one");
      for (const [value] of held) assertEquals(formatAddress({ family: 4, value }), last?.address);
      if (last) await releaseClaim(store, last, new Date(NOW), signal);
      assertEquals([...holders(store).values()].filter((owner) => owner === "victim"), []);
      assertEquals(holders(store).size, taken, "nobody else lost anything");
    }),
    { numRuns: 300 },
  );
});

/** A reproducible source of numbers in [0, 1). Source: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
