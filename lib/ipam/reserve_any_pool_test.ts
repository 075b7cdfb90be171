/** Any pool, and any order of what Pods ask for and give back, against a plain set of what is taken. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { NetworkOptions } from "../api/network.ts";
import { addressBits, formatAddress } from "../net/address.ts";
import { lastOf } from "../net/subnet.ts";
import { isHostAddress } from "./host_address.ts";
import { createMemoryBlockStore } from "./memory_block_store.ts";
import { isDynamic, type Pool } from "./pool.ts";
import { releaseClaim } from "./release_address.ts";
import type { Claim } from "./reservation.ts";
import { reserveAddress } from "./reserve_address.ts";
import { AddressOutsideError, AddressTakenError, PoolExhaustedError } from "./reserve_error.ts";
import { testPool } from "./test_network.ts";

/** The most addresses a pool of this test has, so that it is exhausted now and then. */
const MOST = 24n;

/** A subnet of any size with a small pool anywhere in it, or its whole when that is small; gateways where they count. */
const anyPool: fc.Arbitrary<Pool> = fc.record({
  family: fc.constantFrom(4, 6),
  shortness: fc.nat(23),
  at: fc.nat(1_000_000),
  size: fc.bigInt({ min: 1n, max: MOST }),
  gateway: fc.option(fc.nat(30), { nil: undefined }),
}).map(({ family, shortness, at, size, gateway }) => {
  const prefix = addressBits(family as 4 | 6) - shortness;
  const text = family === 4 ? `10.128.0.0/${prefix}` : `2001:db8::/${prefix}`;
  const options = (more: object): NetworkOptions => family === 4 ? { cidr: text, ...more } : { net6: text, ...more };
  const whole = testPool(options({}));
  const { range, subnet } = whole;
  const address = (value: bigint) => formatAddress({ family: subnet.family, value });
  const width = range.last - range.first + 1n;
  const routes = gateway === undefined || width < 4n ? {} : {
    [family === 4 ? "routes" : "routes6"]: {
      [family === 4 ? "0.0.0.0/0" : "::/0"]: address(range.first + BigInt(gateway) % width),
    },
  };
  if (width <= MOST) return testPool(options(routes));
  const first = range.first + BigInt(at) % (width - size + 1n);
  const bounds = { start: address(first), end: address(first + size - 1n) };
  return testPool(options({ ...routes, [family === 4 ? "allocation_pool" : "allocation_pool_v6"]: bounds }));
});

/** A static address somewhere from the pool's start, any address, or one that is given back. */
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "dynamic" } as const) },
  { weight: 2, arbitrary: fc.nat(40).map((offset) => ({ kind: "static", offset }) as const) },
  { weight: 3, arbitrary: fc.nat(40).map((index) => ({ kind: "release", index }) as const) },
);

function dynamicCount(pool: Pool): number {
  let count = 0;
  for (let value = pool.range.first; value <= pool.range.last; value++) count += Number(isDynamic(pool, value));
  return count;
}

Deno.test("reserveAddress() gives each address of any pool to one at a time, in any order, and none too few", async () => {
  await fc.assert(
    fc.asyncProperty(anyPool, fc.array(anyStep, { maxLength: 80 }), fc.boolean(), async (pool, steps, isLate) => {
      const store = createMemoryBlockStore({ isLate });
      const { signal } = new AbortController();
      const held = new Map<bigint, Claim>();
      const capacity = dynamicCount(pool);
      let now = Date.parse("2026-01-02T03:04:05Z");
      for (const [index, step] of steps.entries()) {
        now += 60_000;
        if (step.kind === "release") {
          const [value, claim] = [...held][step.index % Math.max(1, held.size)] ?? [];
          if (claim) await releaseClaim(store, claim, new Date(now), signal);
          if (value !== undefined) held.delete(value);
          continue;
        }
        const wanted = step.kind === "static" ? pool.range.first + BigInt(step.offset) - 8n : 0n;
        if (step.kind === "static" && (wanted < pool.subnet.base || wanted > lastOf(pool.subnet))) continue;
        const request = step.kind === "dynamic"
          ? step
          : { kind: "static", address: { family: pool.family, value: wanted } } as const;
        const context = { node: `n${index % 3}`, owner: `o${index}`, intend: () => Promise.resolve(), now: () => now };
        const made = await reserveAddress(store, pool, request, { ...context, signal }).catch((error) => error);
        const dynamicHeld = [...held.keys()].filter((value) => isDynamic(pool, value)).length;
        if (made instanceof PoolExhaustedError) assertEquals(dynamicHeld, capacity, "all are taken");
        else if (made instanceof AddressTakenError) assert(held.has(wanted), "somebody has it");
        else if (made instanceof AddressOutsideError) {
          assert(!isHostAddress(pool.subnet, wanted) || pool.reserved.has(wanted), "nobody may have it");
        } else {
          const { value } = made.address;
          assert(!held.has(value), "nobody had it");
          assert(step.kind === "static" ? value === wanted : isDynamic(pool, value), "it is what was asked for");
          held.set(value, made.claim);
        }
      }
    }),
    { numRuns: 300 },
  );
});
