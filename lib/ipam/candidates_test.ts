import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { blockBase, blockCount } from "./block_geometry.ts";
import { candidates } from "./candidates.ts";

const ip = (value: number) => BigInt(value);
const slash24 = { family: 4 as const, first: ip(1), last: ip(254) };
const slash9 = { family: 4 as const, first: ip(1), last: ip(2 ** 23 - 2) };

Deno.test("candidates() are different blocks of the pool, at most as many as asked for", () => {
  fc.assert(fc.property(fc.nat(1 << 20), fc.nat(1 << 12), fc.string(), fc.string(), (first, length, node, owner) => {
    const range = { family: 4 as const, first: ip(first), last: ip(first + length) };
    const found = candidates(range, 16, node, owner, 3);
    assertEquals(found.every((value) => value >= range.first && value <= range.last), true);
    assertEquals(new Set(found.map((value) => blockBase(value, 16))).size, Math.min(3, blockCount(range, 16)));
  }));
});

Deno.test("candidates() of one node keep to 64 blocks of a large pool and use all of a small one", () => {
  const blocksOf = (range: typeof slash9, size: number) =>
    new Set(
      Array.from({ length: 500 }, (_, pod) => candidates(range, size, "node", `pod-${pod}`, 3)).flat()
        .map((value) => blockBase(value, size)),
    ).size;
  assertEquals([blocksOf(slash9, 256), blocksOf(slash24, 16)], [64, 16]);
});

Deno.test("candidates() of different nodes rarely share a block of a large pool", () => {
  const first = Array.from({ length: 100 }, (_, node) => candidates(slash9, 256, `node-${node}`, "pod", 1)[0]);
  assert(new Set(first).size > 95);
});
