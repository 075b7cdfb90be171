import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import type { NetworkOptions } from "../api/network.ts";
import { formatAddress, parseAddress } from "../net/address.ts";
import { type Block, blockName, covers, offsetIn } from "./block.ts";
import { blockSizeFor } from "./block_geometry.ts";
import type { BlockStore } from "./block_store.ts";
import { createMemoryBlockStore, type MemoryBlockStore } from "./memory_block_store.ts";
import { isDynamic, type Pool, poolKey } from "./pool.ts";
import { releaseAddress, releaseClaim } from "./release_address.ts";
import type { Claim, ReserveContext, ReserveRequest } from "./reservation.ts";
import { reserveAddress } from "./reserve_address.ts";
import { AddressOutsideError, AddressTakenError, PoolExhaustedError } from "./reserve_error.ts";
import { DYNAMIC, fixed, testPool, valueOf } from "./test_network.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const MINUTE = 60_000;
const { signal } = new AbortController();

function context(owner: string, changes: Partial<ReserveContext> = {}): ReserveContext {
  return { node: "node-1", owner, intend: () => Promise.resolve(), now: () => NOW, signal, ...changes };
}

/** Reserves for `owner` and resolves to the address as text. */
async function reserve(
  store: BlockStore,
  pool: Pool,
  owner: string,
  request: ReserveRequest = DYNAMIC,
  changes: Partial<ReserveContext> = {},
): Promise<string> {
  return formatAddress((await reserveAddress(store, pool, request, context(owner, changes))).address);
}

/** Owners by address, of the family of `pool`. */
function holders(store: MemoryBlockStore, { family }: Pool): Map<string, string> {
  return new Map(
    store.all().flatMap(({ base, allocations }) =>
      Object.entries(allocations).map(([offset, owner]) => [
        formatAddress({ family, value: base + BigInt(offset) }),
        owner,
      ])
    ),
  );
}

async function fill(store: BlockStore, pool: Pool, count: number, changes: Partial<ReserveContext> = {}) {
  const addresses: string[] = [];
  for (let index = 0; index < count; index++) {
    addresses.push(await reserve(store, pool, `filler-${index}`, DYNAMIC, { node: `node-${index % 3}`, ...changes }));
  }
  return addresses;
}

const EXACT: readonly [NetworkOptions, number][] = [
  [{ cidr: "10.0.0.0/30" }, 2],
  [{ cidr: "10.0.0.8/31" }, 2],
  [{ cidr: "10.0.0.8/32" }, 1],
  [{ cidr: "10.0.0.64/26" }, 62],
  [{ cidr: "10.0.0.0/24" }, 254],
  [{ cidr: "10.0.0.0/24", routes: { "0.0.0.0/0": "10.0.0.1", "10.1.0.0/16": "10.0.0.254" } }, 252],
  [{ cidr: "10.0.0.0/22", allocation_pool: { start: "10.0.0.250", end: "10.0.2.7" } }, 270],
  [{ cidr: "10.0.0.0/9", allocation_pool: { start: "10.1.0.250", end: "10.1.1.7" } }, 14],
  [{ net6: "2001:db8::/127" }, 2],
  [{ net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::1:0/123" } }, 30],
];

for (const [options, count] of EXACT) {
  Deno.test(`reserveAddress() gives out each of ${count} addresses once: ${JSON.stringify(options)}`, async () => {
    const [store, pool] = [createMemoryBlockStore(), testPool(options)];
    const addresses = await fill(store, pool, count);
    assertEquals(new Set(addresses).size, count);
    assertEquals(addresses.every((address) => isDynamic(pool, valueOf(address))), true);
    await assertRejects(() => reserve(store, pool, "late"), PoolExhaustedError);
    await releaseClaim(store, await claimOf(store, pool, addresses[0]!), new Date(NOW), signal);
    assertEquals(await reserve(store, pool, "late"), addresses[0]);
  });
}

async function claimOf(store: BlockStore, pool: Pool, address: string): Promise<Claim> {
  const claims: Claim[] = [];
  const intend = (claim: Claim) => Promise.resolve(void claims.push(claim));
  await reserve(store, pool, "filler-0", fixed(address), { intend });
  return claims[0]!;
}

Deno.test("reserveAddress() names network and pool when the pool is exhausted", async () => {
  const [store, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/30" })];
  await fill(store, pool, 2);
  await assertRejects(
    () => reserve(store, pool, "late"),
    PoolExhaustedError,
    "Cannot reserve an IPv4 address on DanmNet n/a: every address of its pool 10.0.0.1-10.0.0.2 is taken",
  );
});

Deno.test("reserveAddress() finds the one free address of 512 blocks that nobody marked full", async () => {
  const [memory, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/15" })];
  const size = blockSizeFor(pool.range);
  const free = "10.1.255.254";
  const taken = Object.fromEntries(Array.from({ length: size }, (_, offset) => [offset, "o"]));
  for (let value = pool.range.first - 1n; value < pool.range.last; value += BigInt(size)) {
    await memory.create({ space: pool, base: value, size }, signal);
  }
  await memory.markComplete(blockName(pool, pool.range.first - 1n), poolKey(pool), signal);
  const holding = (block: Block): Block => {
    const { [offsetIn(block, valueOf(free))]: _, ...allocations } = { ...taken, ...block.allocations };
    return { ...block, allocations: covers(block, valueOf(free)) ? allocations : taken };
  };
  const store: BlockStore = {
    ...memory,
    read: async (...args) => holding((await memory.read(...args))!),
    listFree: async (...args) => {
      const page = await memory.listFree(...args);
      return { ...page, blocks: page.blocks.map(holding) };
    },
  };
  assertEquals(await reserve(store, pool, "a", DYNAMIC, { random: () => 0.99 }), free);
});

Deno.test("reserveAddress() makes few blocks and asks little of a large network", async () => {
  let turns = 0;
  const store = createMemoryBlockStore({ turn: () => Promise.resolve(void turns++) });
  const pool = testPool({ cidr: "10.0.0.0/9" });
  for (let pod = 0; pod < 500; pod++) await reserve(store, pool, `pod-${pod}`, DYNAMIC, { node: "node-1" });
  assertEquals(store.all().length, 64);
  assert(turns <= 2 * 500 + 2 * 64, `${turns} operations for 500 addresses in 64 blocks`);
});

Deno.test("reserveAddress() gives the prefix of the subnet, also when the pool is a part of it", async () => {
  const pool = testPool({ net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::1:0/112" } });
  const { prefix } = await reserveAddress(createMemoryBlockStore(), pool, DYNAMIC, context("a"));
  assertEquals(prefix, 64);
});

Deno.test("reserveAddress() takes a static address inside and outside the pool, and tracks both", async () => {
  const [store, pool] = [
    createMemoryBlockStore(),
    testPool({ cidr: "10.0.0.0/24", allocation_pool: { end: "10.0.0.9" } }),
  ];
  assertEquals(await reserve(store, pool, "a", fixed("10.0.0.5")), "10.0.0.5");
  assertEquals(await reserve(store, pool, "b", fixed("10.0.0.200")), "10.0.0.200");
  assertEquals(await reserve(store, pool, "b", fixed("10.0.0.200")), "10.0.0.200");
  for (const [address, holder] of [["10.0.0.5", "a"], ["10.0.0.200", "b"]] as const) {
    const error = await assertRejects(() => reserve(store, pool, "c", fixed(address)), AddressTakenError);
    assertEquals(error.owner, holder);
    assertEquals(
      error.message,
      `Cannot reserve ${address} on DanmNet n/a (10.0.0.0/24, pool 10.0.0.1-10.0.0.9): it is taken by ${holder}`,
    );
  }
  const rest = await fill(store, pool, 8);
  assertEquals(rest.includes("10.0.0.5"), false);
});

const REFUSED: readonly [NetworkOptions, string, new (...args: never[]) => Error, string][] = [
  [{ cidr: "10.0.0.0/24" }, "10.0.1.1", AddressOutsideError, "must be a host address of 10.0.0.0/24"],
  [{ cidr: "10.0.0.0/24" }, "10.0.0.0", AddressOutsideError, "must be a host address of 10.0.0.0/24"],
  [{ cidr: "10.0.0.0/24" }, "10.0.0.255", AddressOutsideError, "must be a host address of 10.0.0.0/24"],
  [{ cidr: "10.0.0.0/24" }, "2001:db8::1", AddressOutsideError, "must be a host address of 10.0.0.0/24"],
  [{ net6: "2001:db8::/64" }, "2001:db8::", AddressOutsideError, "must be a host address of 2001:db8::/64"],
  [
    { cidr: "10.0.0.0/24", routes: { "0.0.0.0/0": "10.0.0.1" } },
    "10.0.0.1",
    AddressOutsideError,
    "must be none of the network's gateways",
  ],
  [
    { cidr: "10.0.0.0/24", routes: { "0.0.0.0/0": "10.0.0.1" }, allocation_pool: { start: "10.0.0.9" } },
    "10.0.0.1",
    AddressOutsideError,
    "must be none of the network's gateways",
  ],
  [
    { cidr: "10.0.0.0/29", alloc: "sQ==" },
    "10.0.0.2",
    AddressTakenError,
    "it is taken by the allocation bitmap of the original DANM",
  ],
];

for (const [options, address, type, message] of REFUSED) {
  Deno.test(`reserveAddress() refuses ${address} on ${JSON.stringify(options)}`, async () => {
    const store = createMemoryBlockStore();
    await assertRejects(() => reserve(store, testPool(options), "a", fixed(address)), type, message);
    assertEquals(store.all(), []);
  });
}

for (
  const [options, address] of [
    [{ cidr: "10.0.0.0/31" }, "10.0.0.0"],
    [{ cidr: "10.0.0.0/31" }, "10.0.0.1"],
    [{ net6: "2001:db8::/120" }, "2001:db8::ff"],
    [{ cidr: "10.0.0.0/24", routes: { "0.0.0.0/0": "10.0.0.1" }, allocation_pool: { start: "10.0.0.9" } }, "10.0.0.2"],
  ] as const
) {
  Deno.test(`reserveAddress() grants ${address} on ${JSON.stringify(options)}`, async () => {
    assertEquals(await reserve(createMemoryBlockStore(), testPool(options), "a", fixed(address)), address);
  });
}

/** `store` with lists as new as an API server's: to one that is older than an address, its release is unknown. */
function withLatestLists(store: BlockStore): BlockStore {
  return {
    ...store,
    listFree: (space, key, { asOf: _, ...page }, signal) => store.listFree(space, key, page, signal),
  };
}

Deno.test("reserveAddress() gives out last what was released last", async () => {
  let now = NOW;
  const [memory, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/26" })];
  const store = withLatestLists(memory);
  const clock = { now: () => now };
  const addresses = await fill(store, pool, 62, clock);
  const released = [addresses[40]!, addresses[3]!, addresses[17]!];
  for (const address of released) {
    now += MINUTE;
    await releaseAddress(
      store,
      pool.network,
      parseAddress(address)!,
      holders(memory, pool).get(address)!,
      new Date(now),
      signal,
    );
  }
  const again = [await reserve(store, pool, "x", DYNAMIC, clock), await reserve(store, pool, "y", DYNAMIC, clock)];
  assertEquals(again, released.slice(0, 2));
});

Deno.test("reserveAddress() takes any other address before one that was released less than ten minutes ago", async () => {
  const [store, pool] = [withLatestLists(createMemoryBlockStore()), testPool({ cidr: "10.0.0.0/24" })];
  const addresses = await fill(store, pool, 250);
  for (const index of [7, 100, 249]) {
    const address = parseAddress(addresses[index]!)!;
    await releaseAddress(store, pool.network, address, `filler-${index}`, new Date(NOW), signal);
  }
  const clock = { now: () => NOW + 9 * MINUTE };
  const next: string[] = [];
  for (let pod = 0; pod < 4; pod++) next.push(await reserve(store, pool, `pod-${pod}`, DYNAMIC, clock));
  assertEquals(next.filter((address) => addresses.includes(address)), []);
  assertEquals(addresses.includes(await reserve(store, pool, "last", DYNAMIC, clock)), true);
});

for (const [what, cidr, expected] of [["made", "10.0.0.0/29", "take"], ["new", "10.0.0.0/9", "create"]] as const) {
  Deno.test(`reserveAddress() reads one block and writes it once, where there are addresses to have in a ${what} one`, async () => {
    const [memory, pool] = [createMemoryBlockStore(), testPool({ cidr })];
    if (what === "made") await reserve(memory, pool, "maker", fixed("10.0.0.1"));
    const operations: string[] = [];
    const store = Object.fromEntries(
      Object.entries(memory).map(([name, operation]) => [name, (...args: never[]) => {
        operations.push(name);
        return (operation as (...args: never[]) => unknown)(...args);
      }]),
    ) as unknown as BlockStore;
    await reserve(store, pool, "a", DYNAMIC, { random: () => 0.9 });
    assertEquals(operations, ["read", expected]);
  });
}

Deno.test("reserveAddress() does not keep for ever when addresses were released", async () => {
  const [store, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/29" })];
  let now = NOW;
  for (const index of [1, 2, 3, 4, 5, 6]) {
    now += 3 * MINUTE;
    const address = `10.0.0.${index}`;
    await reserve(store, pool, "a", fixed(address));
    await releaseAddress(store, pool.network, parseAddress(address)!, "a", new Date(now), signal);
  }
  assertEquals(await reserve(store, pool, "b", DYNAMIC, { now: () => now, random: () => 0 }), "10.0.0.1");
  assertEquals(Object.keys(store.all()[0]!.released), ["3", "4", "5", "6"]);
});

/** One subnet with pools for which new blocks have 16, 32, 64 and 256 numbers. */
const GROWN = ["10.0.0.254", "10.0.2.254", "10.0.15.254", "10.0.255.254"].map((end) =>
  testPool({ cidr: "10.0.0.0/16", allocation_pool: { end } })
);

Deno.test("reserveAddress() keeps one record of an address when the pool grows or shrinks", async () => {
  const anyStep = fc.record({
    pool: fc.constantFrom(...GROWN),
    group: fc.nat(3),
    offset: fc.integer({ min: 1, max: 254 }),
  });
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
    const store = createMemoryBlockStore();
    for (const [index, { pool, group, offset }] of steps.entries()) {
      const request = index % 3 === 0 ? DYNAMIC : fixed(`10.0.${group}.${offset}`);
      await reserve(store, pool, `o${index}`, request).catch((error) => assert(error instanceof AddressTakenError));
    }
    const covered = store.all().flatMap(({ base, size }) => Array.from({ length: size }, (_, o) => base + BigInt(o)));
    assertEquals(new Set(covered).size, covered.length, "no number is in two blocks");
  }));
});

Deno.test("reserveAddress() stops when its signal fires, whatever it was doing", async () => {
  const pool = testPool({ cidr: "10.0.0.0/24" });
  for (let turn = 1; turn <= 4; turn++) {
    const stop = new AbortController();
    let turns = 0;
    const store = createMemoryBlockStore({
      turn() {
        if (++turns === turn) stop.abort(new Error("deadline"));
        return Promise.resolve();
      },
    });
    await assertRejects(() => reserve(store, pool, "a", DYNAMIC, { signal: stop.signal }), Error, "deadline");
    assertEquals(holders(store, pool).size, 0);
  }
});

Deno.test("reserveAddress() intends nothing after its signal, not even what it had found", async () => {
  const [memory, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/24" })];
  const claims: Claim[] = [];
  const intend = (claim: Claim) => Promise.resolve(void claims.push(claim));
  for (const request of [DYNAMIC, fixed("10.0.0.9")]) {
    const stop = new AbortController();
    const read: BlockStore["read"] = async (name) => {
      const block = await memory.read(name, signal);
      stop.abort(new Error("deadline"));
      return block;
    };
    const changes = { signal: stop.signal, intend };
    await assertRejects(() => reserve({ ...memory, read }, pool, "a", request, changes), Error, "deadline");
  }
  assertEquals(claims, []);
});

Deno.test("releaseAddress() releases for the owner only, wherever the address is", async () => {
  const [store, pool] = [createMemoryBlockStore(), testPool({ cidr: "10.0.0.0/22" })];
  const release = (text: string, owner: string) =>
    releaseAddress(store, pool.network, parseAddress(text)!, owner, new Date(NOW), signal);
  await release("10.0.3.77", "a");
  await reserve(store, pool, "a", fixed("10.0.3.77"));
  await release("10.0.3.77", "b");
  assertEquals([...holders(store, pool)], [["10.0.3.77", "a"]]);
  await release("10.0.3.77", "a");
  await release("10.0.3.77", "a");
  assertEquals(holders(store, pool).size, 0);
});
