import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addressBits, type Family, formatAddress, parseAddress } from "./address.ts";

const anyFamily = fc.constantFrom<Family>(4, 6);

Deno.test("formatAddress() writes what parseAddress() reads", () => {
  fc.assert(fc.property(anyFamily, fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (family, bits) => {
    const value = bits & ((1n << BigInt(addressBits(family))) - 1n);
    fc.pre(family === 4 || value >> 32n !== 0xffffn);
    assertEquals(parseAddress(formatAddress({ family, value })), { family, value });
  }));
});

Deno.test("formatAddress() writes IPv6 canonically when the text was not", () => {
  assertEquals(formatAddress(parseAddress("2001:0DB8:0:0:0:0:0:1")!), "2001:db8::1");
});

for (
  const text of [
    "",
    "10.0.0",
    "10.0.0.01",
    "10.0.0.256",
    "0x0a.0.0.1",
    "1",
    " 10.0.0.1",
    "10.0.0.1/24",
    "::ffff:10.0.0.1",
  ]
) {
  Deno.test(`parseAddress() refuses ${JSON.stringify(text)}`, () => assertEquals(parseAddress(text), undefined));
}

for (const text of ["fe80::1%eth0", ":::", "2001:db8::1::2", "g::1", "2001:db8::/64"]) {
  Deno.test(`parseAddress() refuses ${text}`, () => assertEquals(parseAddress(text), undefined));
}
