import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Block } from "./block.ts";
import { freeOffsets } from "./free_offsets.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");

function block(size: number, taken: readonly number[], released: Block["released"] = {}): Block {
  const allocations = Object.fromEntries(taken.map((offset) => [offset, "owner"]));
  return { name: "b", base: 0n, size, allocations, released, version: "1" };
}

const everyOffset = () => true;
const at = (ms: number) => new Date(ms).toISOString();

Deno.test("freeOffsets() tells what has rested from what was released too short ago", () => {
  const released = { 0: at(NOW), 1: at(NOW + 1), 3: at(NOW + 60_000), 2: "not a time" };
  assertEquals(freeOffsets(block(5, [4], released), everyOffset, NOW), {
    rested: [0, 2],
    tired: [{ offset: 1, releasedAt: NOW + 1 }, { offset: 3, releasedAt: NOW + 60_000 }],
  });
});

Deno.test("freeOffsets() is empty when the only free number may not be given out", () => {
  assertEquals(freeOffsets(block(2, [1]), (offset) => offset !== 0, NOW), { rested: [], tired: [] });
});

Deno.test("freeOffsets() names each free usable number once, and no other", () => {
  const anyOffsets = fc.uniqueArray(fc.nat(255));
  fc.assert(fc.property(
    fc.constantFrom(16, 32, 256),
    anyOffsets,
    anyOffsets,
    fc.dictionary(fc.nat(255).map(String), fc.integer({ min: -5, max: 5 }).map((ms) => at(NOW + ms))),
    (size, taken, reserved, released) => {
      const inside = taken.filter((offset) => offset < size);
      const { rested, tired } = freeOffsets(block(size, inside, released), (o) => !reserved.includes(o), NOW);
      const expected = Array.from({ length: size }, (_, offset) => offset)
        .filter((offset) => !inside.includes(offset) && !reserved.includes(offset));
      assertEquals([...rested, ...tired.map(({ offset }) => offset)].toSorted((a, b) => a - b), expected);
      assertEquals(
        tired.every(({ offset, releasedAt }) => at(releasedAt) === released[offset] && releasedAt > NOW),
        true,
      );
    },
  ));
});
