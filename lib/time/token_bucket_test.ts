import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createTokenBucket } from "./token_bucket.ts";

Deno.test("createTokenBucket() lets a burst through, then one for each refill", () => {
  const bucket = createTokenBucket(2, 100);
  const waits = [0, 0, 0, 99, 100].map((now) => {
    const wait = bucket.waitMs(now);
    if (wait === 0) bucket.take(now);
    return wait;
  });
  assertEquals(waits, [0, 0, 100, 1, 0]);
});

Deno.test("createTokenBucket() never lets through more than burst and refills allow", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.nat(100), { maxLength: 200 }),
    (burst, refillMs, steps) => {
      const bucket = createTokenBucket(burst, refillMs);
      const taken: number[] = [];
      let now = 0;
      for (const step of steps) {
        now += step;
        if (bucket.waitMs(now) > 0) continue;
        bucket.take(now);
        taken.push(now);
      }
      for (const [first, start] of taken.entries()) {
        for (let last = first; last < taken.length; last++) {
          const allowed = burst + Math.floor((taken[last]! - start) / refillMs);
          if (last - first + 1 > allowed) throw new Error(`${last - first + 1} taken where ${allowed} are allowed`);
        }
      }
    },
  ));
});
