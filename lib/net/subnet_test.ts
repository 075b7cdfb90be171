import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseAddress } from "./address.ts";
import { contains, formatSubnet, lastOf, parseSubnet, subnetOf } from "./subnet.ts";

Deno.test("parseSubnet() drops host bits", () => {
  assertEquals(formatSubnet(parseSubnet("10.0.0.7/24")!), "10.0.0.0/24");
  assertEquals(formatSubnet(parseSubnet("2001:db8::7/64")!), "2001:db8::/64");
});

for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/024", "10.0.0.0/", "/24", "2001:db8::/129", "10.0.0.0/24/8"]) {
  Deno.test(`parseSubnet() refuses ${text}`, () => assertEquals(parseSubnet(text), undefined));
}

Deno.test("contains() holds exactly for the addresses between base and last", () => {
  fc.assert(fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.integer({ min: 0, max: 32 }), (a, b, prefix) => {
    const subnet = subnetOf({ family: 4, value: BigInt(a) }, prefix);
    const inside = BigInt(b) >= subnet.base && BigInt(b) <= lastOf(subnet);
    assertEquals(contains(subnet, { family: 4, value: BigInt(b) }), inside);
    assertEquals(contains(subnet, { family: 4, value: BigInt(a) }), true);
  }));
});

Deno.test("contains() is false when the families differ", () => {
  assertEquals(contains(parseSubnet("::/0")!, parseAddress("10.0.0.1")!), false);
});
