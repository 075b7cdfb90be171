import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NetworkOptions } from "../api/network.ts";
import { formatAddress } from "../net/address.ts";
import { isDynamic, poolKey, poolOf } from "./pool.ts";
import { PoolError } from "./pool_error.ts";
import { testNetwork, testPool, valueOf } from "./test_network.ts";

function dynamicAddresses(options: NetworkOptions): string[] {
  const pool = testPool(options);
  const addresses: string[] = [];
  for (let value = pool.range.first; value <= pool.range.last; value++) {
    if (isDynamic(pool, value)) addresses.push(formatAddress({ family: pool.family, value }));
  }
  return addresses;
}

const CASES: readonly [string, NetworkOptions, string[]][] = [
  ["all of a /31", { cidr: "10.0.0.4/31" }, ["10.0.0.4", "10.0.0.5"]],
  ["all of a /32", { cidr: "10.0.0.4/32" }, ["10.0.0.4"]],
  ["all of a /127", { net6: "2001:db8::/127" }, ["2001:db8::", "2001:db8::1"]],
  ["all but the ends of a /30", { cidr: "10.0.0.4/30" }, ["10.0.0.5", "10.0.0.6"]],
  [
    "no gateway of a default pool",
    {
      cidr: "10.0.0.0/29",
      routes: { "0.0.0.0/0": "10.0.0.1", "192.168.0.0/16": "10.0.0.5", "172.16.0.0/12": "nonsense" },
    },
    ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.6"],
  ],
  [
    "no gateway of a default pool that the webhook wrote out",
    {
      cidr: "10.0.0.0/30",
      routes: { "0.0.0.0/0": "10.0.0.1" },
      allocation_pool: { start: "10.0.0.1", end: "10.0.0.2" },
    },
    ["10.0.0.2"],
  ],
  [
    "no gateway in a pool that was chosen by hand",
    {
      cidr: "10.0.0.0/29",
      routes: { "0.0.0.0/0": "10.0.0.2", "10.9.0.0/16": "10.0.0.5" },
      allocation_pool: { start: "10.0.0.2", end: "10.0.0.5" },
    },
    ["10.0.0.3", "10.0.0.4"],
  ],
  [
    "no gateway in an IPv6 pool that was chosen by hand",
    {
      net6: "2001:db8::/64",
      routes6: { "::/0": "2001:DB8:0::11", "2001:db8:9::/48": "fe80::12" },
      allocation_pool_v6: { cidr: "2001:db8::/106", start: "2001:db8::10", end: "2001:db8::12" },
    },
    ["2001:db8::10", "2001:db8::12"],
  ],
  [
    "neither network nor broadcast address of an explicit pool",
    { cidr: "10.0.0.0/30", allocation_pool: { start: "10.0.0.0", end: "10.0.0.3" } },
    ["10.0.0.1", "10.0.0.2"],
  ],
  [
    "an IPv6 default pool without its gateway",
    { net6: "2001:db8::/125", routes6: { "::/0": "2001:db8::1" } },
    [2, 3, 4, 5, 6].map((n) => `2001:db8::${n}`),
  ],
  [
    "what the original system had not given out: bits 0, 2, 3 and 7 of 8 are set",
    { cidr: "10.0.0.0/29", alloc: "sQ==" },
    ["10.0.0.1", "10.0.0.4", "10.0.0.5", "10.0.0.6"],
  ],
  [
    "what the original system had not given out of its IPv6 pool",
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::10/125" }, alloc6: "sQ==" },
    ["2001:db8::11", "2001:db8::14", "2001:db8::15", "2001:db8::16"],
  ],
];

for (const [name, options, expected] of CASES) {
  Deno.test(`isDynamic() admits ${name}`, () => assertEquals(dynamicAddresses(options), expected));
}

Deno.test("isDynamic() admits nothing outside the pool", () => {
  const pool = testPool({ cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.0.10", end: "10.0.0.20" } });
  const outside = ["10.0.0.9", "10.0.0.21", "10.0.1.10", "9.255.255.255"];
  assertEquals(outside.filter((address) => isDynamic(pool, valueOf(address))), []);
});

Deno.test("poolOf() refuses a bitmap that is not base64", () => {
  assertThrows(() => poolOf(testNetwork({ cidr: "10.0.0.0/24", alloc: "%%%%" }), 4), PoolError, "must be base64");
});

Deno.test("poolOf() is undefined for a family the network does not have", () => {
  assertEquals(poolOf(testNetwork({ cidr: "10.0.0.0/24" }), 6), undefined);
});

Deno.test("poolKey() differs when other addresses may be given out, and only then", () => {
  const base: NetworkOptions = { cidr: "10.0.0.0/24" };
  const same: NetworkOptions = { ...base, allocation_pool: { start: "10.0.0.1", end: "10.0.0.254" } };
  const others: NetworkOptions[] = [
    { cidr: "10.0.1.0/24" },
    { ...base, allocation_pool: { start: "10.0.0.2" } },
    { ...base, routes: { "0.0.0.0/0": "10.0.0.1" } },
    { ...base, routes: { "0.0.0.0/0": "10.0.0.2" } },
    { ...base, alloc: "sQ==" },
  ];
  const key = poolKey(testPool(base));
  assertEquals(poolKey(testPool(same)), key);
  assertEquals(new Set([key, ...others.map((options) => poolKey(testPool(options)))]).size, others.length + 1);
  assert(/^[0-9a-f]{16}$/.test(key), "fits a label");
  assertNotEquals(key, poolKey(testPool({ net6: "2001:db8::/120" })));
});

Deno.test("poolKey() does not depend on the order of routes", () => {
  fc.assert(fc.property(fc.shuffledSubarray(["10.0.0.1", "10.0.0.2", "10.0.0.3"], { minLength: 3 }), (gateways) => {
    const routes = Object.fromEntries(gateways.map((gateway, index) => [`10.${index}.0.0/16`, gateway]));
    const sorted = Object.fromEntries(gateways.toSorted().map((gateway, index) => [`10.${index}.0.0/16`, gateway]));
    assertEquals(
      poolKey(testPool({ cidr: "10.0.0.0/24", routes })),
      poolKey(testPool({ cidr: "10.0.0.0/24", routes: sorted })),
    );
  }));
});
