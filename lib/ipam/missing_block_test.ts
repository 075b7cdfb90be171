import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { blockName, type BlockSpace } from "./block.ts";
import { blockBase, groupBase } from "./block_geometry.ts";
import { missingBlock } from "./missing_block.ts";

const space: BlockSpace = { network: { kind: "DanmNet", namespace: "n", name: "a", uid: "u" }, family: 4 };
const anySize = fc.constantFrom(16, 32, 64, 128, 256);

/** A range and, for each group that it touches, the size of its blocks. */
const anyLayout = fc.record({
  first: fc.nat(5000),
  length: fc.nat(1500),
  sizes: fc.array(anySize, { minLength: 30, maxLength: 30 }),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
}).map(({ first, length, sizes, random }) => {
  const range = { family: 4 as const, first: BigInt(first), last: BigInt(first + length) };
  const blocks = new Map<string, { base: bigint; size: number }>();
  for (let value = groupBase(range.first); value <= range.last; value++) {
    const size = sizes[Number(value / 256n)]!;
    const base = blockBase(value, size);
    blocks.set(blockName(space, base), { base, size });
    if (value < range.first) blocks.delete(blockName(space, base)); // outside, except for the anchor below
    blocks.set(blockName(space, groupBase(value)), { base: groupBase(value), size });
    if (base + BigInt(size) > range.first) blocks.set(blockName(space, base), { base, size });
  }
  return { range, blocks, random };
});

const sizesOf = (blocks: ReadonlyMap<string, { readonly size: number }>) =>
  new Map([...blocks].map(([name, { size }]) => [name, size]));

Deno.test("missingBlock() is undefined exactly when every block of the range exists, whatever their sizes", () => {
  fc.assert(fc.property(anyLayout, fc.nat(), ({ range, blocks, random }, pick) => {
    assertEquals(missingBlock(space, range, sizesOf(blocks), random), undefined);
    const inRange = [...blocks].filter(([, { base, size }]) =>
      base <= range.last && base + BigInt(size) > range.first && base !== groupBase(base)
    );
    fc.pre(inRange.length > 0);
    const [name, { base, size }] = inRange[pick % inRange.length]!;
    blocks.delete(name);
    const found = missingBlock(space, range, sizesOf(blocks), random)!;
    assertEquals([found >= range.first && found <= range.last, blockBase(found, size)], [true, base]);
  }));
});

Deno.test("missingBlock() names a number of a group of which nothing exists", () => {
  const range = { family: 4 as const, first: 300n, last: 600n };
  assertEquals([0, 0.4, 0.99].map((random) => missingBlock(space, range, new Map(), random)), [300n, 300n, 512n]);
});
