import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { NetworkOptions } from "../api/network.ts";
import { formatAddress } from "../net/address.ts";
import type { BlockStore } from "./block_store.ts";
import { candidates } from "./candidates.ts";
import { createMemoryBlockStore } from "./memory_block_store.ts";
import { isDynamic, type Pool } from "./pool.ts";
import { withPredecessors } from "./predecessors.ts";
import { releaseClaim } from "./release_address.ts";
import type { Reservation, ReserveContext, ReserveRequest } from "./reservation.ts";
import { reserveAddress } from "./reserve_address.ts";
import { AddressTakenError, PoolExhaustedError } from "./reserve_error.ts";
import { DYNAMIC, fixed, testPool } from "./test_network.ts";

const { signal } = new AbortController();

/** The pool of a network of the same name, the `generation`th. */
function generation(options: NetworkOptions, generation: number): Pool {
  const pool = testPool(options);
  return { ...pool, network: { ...pool.network, uid: `uid-${generation}` } };
}

async function reserve(
  store: BlockStore,
  pool: Pool,
  owner: string,
  request: ReserveRequest = DYNAMIC,
  changes: Partial<ReserveContext> = {},
): Promise<Reservation> {
  const context = { node: "node", owner, intend: () => Promise.resolve(), now: () => 0, signal, ...changes };
  return await reserveAddress(withPredecessors(store, pool), pool, request, context);
}

const text = ({ address }: Reservation) => formatAddress(address);

for (const options of [{ cidr: "10.1.0.0/30" }, { net6: "2001:db8::/126" }]) {
  Deno.test(`a network made anew gives out no address of its predecessor's Pods: ${JSON.stringify(options)}`, async () => {
    const store = createMemoryBlockStore();
    const [before, after] = [generation(options, 1), generation(options, 2)];
    const first = await reserve(store, before, "uid-1/c/0");
    const second = await reserve(store, after, "uid-2/c/0");
    assertEquals(new Set([text(first), text(second)]).size, 2);
    await assertRejects(() => reserve(store, after, "uid-3/c/0"), PoolExhaustedError);
    const taken = await assertRejects(() => reserve(store, after, "uid-3/c/0", fixed(text(first))), AddressTakenError);
    assertEquals(taken.owner, "uid-1/c/0");

    await releaseClaim(store, first.claim, new Date(0), signal);
    assertEquals(text(await reserve(store, after, "uid-3/c/0")), text(first), "the block was not marked full for good");
    assertEquals(store.all().filter(({ isSuccessor }) => isSuccessor), [], "nobody has to ask again");
  });
}

Deno.test("a network made anew refuses a static address of its predecessor in a block that does not exist", async () => {
  const store = createMemoryBlockStore();
  const options = { cidr: "10.1.0.0/16" };
  await reserve(store, generation(options, 1), "uid-1/c/0", fixed("10.1.77.7"));
  const after = generation(options, 2);
  const wanted = [fixed("10.1.77.7"), fixed("10.1.77.7")]; // made by the first, found by the second
  for (const request of wanted) {
    await assertRejects(() => reserve(store, after, "uid-2/c/0", request), AddressTakenError);
  }
  assertEquals(text(await reserve(store, after, "uid-2/c/0", fixed("10.1.77.8"))), "10.1.77.8");
});

Deno.test("what a predecessor's Pod gave back is found in a block that nobody looks into first", async () => {
  const store = createMemoryBlockStore();
  const options = { cidr: "10.1.0.0/24" };
  const [before, after] = [generation(options, 1), generation(options, 2)];
  const late = "uid-late/c/0";
  const own = candidates(after.range, 16, "node", late, 2).map((value) => value >> 4n);
  const value = Array.from({ length: 16 }, (_, index) => (after.range.first >> 4n << 4n) + BigInt(index) * 16n + 7n)
    .find((value) => !own.includes(value >> 4n))!;
  const first = await reserve(store, before, "uid-1/c/0", { kind: "static", address: { family: 4, value } });
  for (let pod = 0; pod < 253; pod++) await reserve(store, after, `uid-2-${pod}/c/0`);
  const markAll = { random: () => 0 };
  await assertRejects(() => reserve(store, after, late, DYNAMIC, markAll), PoolExhaustedError);
  await releaseClaim(store, first.claim, new Date(0), signal);
  assertEquals(text(await reserve(store, after, late, DYNAMIC, markAll)), text(first));
});

Deno.test("no address has two owners, whatever networks of one name came one after the other", async () => {
  const options = fc.constantFrom<NetworkOptions>(
    { cidr: "10.1.0.0/26" },
    { cidr: "10.1.0.0/23", allocation_pool: { start: "10.1.0.3", end: "10.1.1.20" } },
    { cidr: "10.1.0.32/28" },
    { cidr: "10.1.0.0/16", allocation_pool: { start: "10.1.0.0", end: "10.1.15.255" } }, // larger blocks
  );
  const step = fc.record({
    releases: fc.boolean(),
    isStatic: fc.boolean(),
    pick: fc.nat(1000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(options, fc.array(step, { maxLength: 40 }))), async (networks) => {
      const store = createMemoryBlockStore();
      const held = new Map<string, Reservation>();
      let count = 0;
      for (const [index, [options, steps]] of networks.entries()) {
        const pool = generation(options, index);
        for (const { releases, isStatic, pick } of steps) {
          const other = [...held.values()][pick % held.size];
          if (releases && other) {
            await releaseClaim(store, other.claim, new Date(0), signal);
            held.delete(text(other));
            continue;
          }
          const address = { family: pool.family, value: pool.range.first + BigInt(pick % 30) };
          const request = isStatic ? { kind: "static", address } as const : DYNAMIC;
          try {
            const made = await reserve(store, pool, `uid-${count++}/c/0`, request);
            assertEquals(held.has(text(made)), false, `${text(made)} is given out twice`);
            held.set(text(made), made);
          } catch (error) {
            if (error instanceof PoolExhaustedError) {
              const free = Array.from({ length: Number(pool.range.last - pool.range.first) + 1 }, (_, offset) => ({
                family: pool.family,
                value: pool.range.first + BigInt(offset),
              })).find((address) => isDynamic(pool, address.value) && !held.has(formatAddress(address)));
              assertEquals(free, undefined, "it is exhausted only when it is");
            } else if (!(error instanceof AddressTakenError) || !held.has(formatAddress(address))) {
              if (isDynamic(pool, address.value)) throw error;
            }
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("a network without a predecessor is asked for one once for each group of blocks", async () => {
  const store = createMemoryBlockStore();
  let asked = 0;
  const counting: BlockStore = {
    ...store,
    listBefore: (space, signal) => {
      asked++;
      return store.listBefore(space, signal);
    },
  };
  const pool = generation({ cidr: "10.1.0.0/24" }, 1);
  for (let pod = 0; pod < 254; pod++) await reserve(counting, pool, `uid-${pod}/c/0`);
  assertEquals(asked, 1);
});
