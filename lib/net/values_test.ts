import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { inRange, rangeOf, sizeOf } from "./address_range.ts";
import { hasInterfaceNameCharacters, isInterfaceName } from "./interface_name.ts";
import { isMac, isZeroMac, localMac } from "./mac.ts";
import { parseSubnet } from "./subnet.ts";
import { isVni, parseVniRanges } from "./vni.ts";

Deno.test("rangeOf() covers the whole subnet", () => {
  const range = rangeOf(parseSubnet("10.0.0.0/30")!);
  assertEquals(sizeOf(range), 4n);
  assertEquals(inRange(range, { family: 4, value: range.last }), true);
  assertEquals(inRange(range, { family: 4, value: range.last + 1n }), false);
});

Deno.test("isZeroMac() is true of zeros alone, of any length", () => {
  const zeros = ["00:00:00:00:00:00", "00", Array(20).fill("00").join(":")];
  assertEquals(zeros.map(isZeroMac), [true, true, true]);
  const others = ["00:00:00:00:00:01", "02:00:00:00:00:00", "", "0", "00:"];
  assertEquals(others.map(isZeroMac), [false, false, false, false, false]);
});

Deno.test("localMac() makes local unicast addresses", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
    const mac = localMac(bytes);
    assertEquals(isMac(mac), true);
    assertEquals(parseInt(mac.slice(0, 2), 16) & 3, 2);
  }));
});

Deno.test("isVni() knows the ends of both number spaces", () => {
  assertEquals([0, 1, 4094, 4095].map((vni) => isVni("vlan", vni)), [false, true, true, false]);
  assertEquals([0, 1, 16777215, 16777216].map((vni) => isVni("vxlan", vni)), [false, true, true, false]);
});

Deno.test("parseVniRanges() reads runs and single numbers", () => {
  assertEquals(parseVniRanges("vlan", "2000-2500, 2601"), [{ first: 2000, last: 2500 }, { first: 2601, last: 2601 }]);
});

for (const text of ["", "1-", "-1", "5-4", "0-3", "4000-4095", "1-5,5-9", "1;2", "a", "1,,2"]) {
  Deno.test(`parseVniRanges() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseVniRanges("vlan", text), undefined);
  });
}

for (const name of ["", ".", "..", "-a", "a b", "a/b", "a:b", "a\n", "ä", "@x", "sixteen-letters-"]) {
  Deno.test(`isInterfaceName() refuses ${JSON.stringify(name)}`, () => assertEquals(isInterfaceName(name), false));
}

Deno.test("isInterfaceName() accepts what operators use", () => {
  assertEquals(["eth0", "ens1f0.2001", "vx_external", "br-lan", "A_b"].every(isInterfaceName), true);
  assertEquals(hasInterfaceNameCharacters("longer-than-the-kernel-takes"), true);
});
