import { assertEquals } from "@std/assert";
import { formatAddress } from "./address.ts";
import { mergeSubnets } from "./merge_subnets.ts";
import { parseSubnet } from "./subnet.ts";

Deno.test("mergeSubnets() joins what touches or overlaps, in order", () => {
  const cases: readonly [readonly string[], readonly string[]][] = [
    [[], []],
    [["10.0.1.0/24", "10.0.0.0/24"], ["10.0.0.0-10.0.1.255"]],
    [["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0-10.255.255.255"]],
    [["10.0.0.0/24", "10.0.2.0/24"], ["10.0.0.0-10.0.0.255", "10.0.2.0-10.0.2.255"]],
    [["2001:db8::1/128", "2001:db8::2/127", "2001:db8::1/128"], ["2001:db8::1-2001:db8::3"]],
    [["0.0.0.0/0", "255.255.255.255/32"], ["0.0.0.0-255.255.255.255"]],
  ];
  for (const [texts, expected] of cases) {
    const merged = mergeSubnets(texts.map((text) => parseSubnet(text)!));
    const text = merged.map(({ family, first, last }) =>
      [first, last].map((value) => formatAddress({ family, value })).join("-")
    );
    assertEquals(text, expected);
  }
});
