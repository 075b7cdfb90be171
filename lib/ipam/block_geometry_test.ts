import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { rangeOf } from "../net/address_range.ts";
import { parseSubnet } from "../net/subnet.ts";
import { blockBase, blockCount, blockSizeFor, GROUP_SIZE, groupBase, valueInBlock } from "./block_geometry.ts";

const SIZES = [16, 32, 64, 128, 256];

for (
  const [subnet, size] of [
    ["10.0.0.0/32", 16],
    ["10.0.0.0/31", 16],
    ["10.0.0.0/24", 16],
    ["10.0.0.0/23", 16],
    ["10.0.0.0/22", 32],
    ["10.0.0.0/20", 64],
    ["10.0.0.0/17", 128],
    ["10.0.0.0/16", 256],
    ["10.0.0.0/9", 256],
    ["2001:db8::/106", 256],
  ] as const
) {
  Deno.test(`blockSizeFor() a pool of ${subnet} is ${size}`, () => {
    assertEquals(blockSizeFor(rangeOf(parseSubnet(subnet)!)), size);
  });
}

const anySize = fc.constantFrom(...SIZES);
const anyValue = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });

Deno.test("blockBase() puts every number in exactly one block of a size, inside one group", () => {
  fc.assert(fc.property(anyValue, anySize, (value, size) => {
    const base = blockBase(value, size);
    assertEquals(value >= base && value < base + BigInt(size), true);
    assertEquals(blockBase(base, size), base);
    assertEquals(groupBase(base), groupBase(base + BigInt(size) - 1n));
  }));
});

Deno.test("valueInBlock() visits every block that touches the range, once, and stays in the range", () => {
  fc.assert(fc.property(anyValue, fc.nat(2000), anySize, (first, length, size) => {
    const range = { family: 6 as const, first, last: first + BigInt(length) };
    const count = blockCount(range, size);
    const values = Array.from({ length: count }, (_, index) => valueInBlock(range, size, index));
    assertEquals(values.every((value) => value >= range.first && value <= range.last), true);
    const bases = values.map((value) => blockBase(value, size));
    assertEquals(new Set(bases).size, count);
    assertEquals([bases[0], bases.at(-1)], [blockBase(range.first, size), blockBase(range.last, size)]);
  }));
});

Deno.test("groups hold whole blocks of every size", () => {
  assertEquals(SIZES.filter((size) => GROUP_SIZE % size !== 0), []);
});
