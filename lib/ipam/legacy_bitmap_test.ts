import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseSubnet } from "../net/subnet.ts";
import { isSet, parseLegacyBitmap, setValues } from "./legacy_bitmap.ts";

/** A bitmap as the original wrote it: one bit per address, highest bit first, the two ends always set. */
function encode(hostBits: number, offsets: readonly number[]): string {
  const bytes = new Uint8Array(Math.ceil(2 ** hostBits / 8));
  for (const offset of [0, 2 ** hostBits - 1, ...offsets]) bytes[offset >> 3]! |= 0x80 >> (offset & 7);
  return bytes.toBase64();
}

for (const [text, hostBits] of [["10.0.0.0/24", 8], ["10.8.0.0/16", 16], ["2001:db8::/106", 22]] as const) {
  Deno.test(`isSet() reads every bit of a bitmap of ${text}`, () => {
    const subnet = parseSubnet(text)!;
    const last = 2 ** hostBits - 1;
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: last - 1 })), fc.nat(last), (taken, probe) => {
        const bitmap = parseLegacyBitmap(encode(hostBits, taken), subnet)!;
        assertEquals(taken.filter((offset) => !isSet(bitmap, subnet.base + BigInt(offset))), []);
        assertEquals(isSet(bitmap, subnet.base + BigInt(probe)), taken.includes(probe));
        const all = taken.toSorted((a, b) => a - b).map((offset) => subnet.base + BigInt(offset));
        assertEquals([...setValues(bitmap)], all);
      }),
      { numRuns: hostBits > 16 ? 5 : 50 },
    );
  });
}

Deno.test("isSet() reads a bitmap of known content", () => {
  // 11010000 ... 00000001: addresses 1 and 3 taken, both ends set by the original when it made the bitmap
  const text = "0A" + "A".repeat(38) + "AAE=";
  const subnet = parseSubnet("10.0.0.0/24")!;
  const bitmap = parseLegacyBitmap(text, subnet)!;
  const set = Array.from({ length: 256 }, (_, offset) => offset).filter((o) => isSet(bitmap, subnet.base + BigInt(o)));
  assertEquals([text.length, set], [44, [1, 3]]);
  assertEquals([...setValues(bitmap)], [subnet.base + 1n, subnet.base + 3n]);
});

Deno.test("isSet() ignores the ends of the subnet, so that a /31 can be used", () => {
  const subnet = parseSubnet("10.0.0.0/31")!;
  const bitmap = parseLegacyBitmap("wA==", subnet)!;
  assertEquals([isSet(bitmap, subnet.base), isSet(bitmap, subnet.base + 1n)], [false, false]);
});

Deno.test("isSet() is false beyond a bitmap that is shorter than its subnet, and outside the subnet", () => {
  const subnet = parseSubnet("10.0.0.0/24")!;
  const bitmap = parseLegacyBitmap("////", subnet)!;
  assertEquals([23n, 24n, 200n, 256n, -1n].map((offset) => isSet(bitmap, subnet.base + offset)), [
    true,
    false,
    false,
    false,
    false,
  ]);
  assertEquals([...setValues(bitmap)].length, 23);
});

for (const text of ["=", "A", "AAA", "AA=A", "A A=", "AA==\n", "AA-_"]) {
  Deno.test(`parseLegacyBitmap() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseLegacyBitmap(text, parseSubnet("10.0.0.0/24")!), undefined);
  });
}
