import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { contains, formatSubnet, parseSubnet, type Subnet } from "./subnet.ts";
import { subtractSubnets } from "./subtract_subnets.ts";

const subnet = (text: string) => parseSubnet(text)!;

const CASES: readonly [string, readonly string[], readonly string[]][] = [
  ["10.0.0.0/24", [], ["10.0.0.0/24"]],
  ["10.0.0.0/24", ["10.0.0.0/24"], []],
  ["10.0.0.0/24", ["10.0.0.0/8"], []],
  ["10.0.0.0/24", ["10.0.1.0/24", "2001:db8::/32"], ["10.0.0.0/24"]],
  ["10.0.0.0/24", ["10.0.0.128/25"], ["10.0.0.0/25"]],
  ["10.0.0.0/30", ["10.0.0.1/32", "10.0.0.2/32"], ["10.0.0.0/32", "10.0.0.3/32"]],
  ["0.0.0.0/0", ["128.0.0.0/1"], ["0.0.0.0/1"]],
  ["2001:db8::/126", ["2001:db8::3/128"], ["2001:db8::/127", "2001:db8::2/128"]],
  ["10.0.0.1/32", ["10.0.0.0/31"], []],
];

Deno.test("subtractSubnets() leaves what no part has", () => {
  for (const [whole, parts, left] of CASES) {
    assertEquals(subtractSubnets(subnet(whole), parts.map(subnet)).map(formatSubnet), left, `${whole} - ${parts}`);
  }
});

Deno.test("subtractSubnets() agrees with a look at every address", () => {
  const anyPart = fc.tuple(fc.nat(255), fc.integer({ min: 24, max: 32 })).map(([last, prefix]) =>
    subnet(`10.0.0.${last}/${prefix}`)
  );
  const isIn = (subnets: readonly Subnet[], value: bigint) =>
    subnets.filter((each) => contains(each, { family: 4, value })).length;
  fc.assert(fc.property(anyPart, fc.array(anyPart, { maxLength: 5 }), (whole, parts) => {
    const left = subtractSubnets(whole, parts);
    for (let last = 0n; last < 256n; last++) {
      const value = (10n << 24n) + last;
      const expected = isIn([whole], value) > 0 && isIn(parts, value) === 0 ? 1 : 0;
      assertEquals(isIn(left, value), expected);
    }
  }));
});
