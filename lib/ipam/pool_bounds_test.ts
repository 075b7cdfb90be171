import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NetworkOptions } from "../api/network.ts";
import { addressBits, type Family, formatAddress } from "../net/address.ts";
import { inRange, sizeOf } from "../net/address_range.ts";
import { contains, formatSubnet, lastOf, subnetOf } from "../net/subnet.ts";
import { type PoolBounds, poolBounds } from "./pool_bounds.ts";
import { PoolError } from "./pool_error.ts";
import { testNetwork } from "./test_network.ts";

/** `first-last` of the pool of the only family that `options` has. */
function bounds(options: NetworkOptions): string {
  const found = boundsOf(options);
  return [found.range.first, found.range.last].map((value) => formatAddress({ ...found.range, value })).join("-");
}

function boundsOf(options: NetworkOptions): PoolBounds {
  return poolBounds(testNetwork(options), options.cidr === undefined ? 6 : 4)!;
}

const GOOD: readonly [NetworkOptions, string][] = [
  [{ cidr: "10.0.0.0/24" }, "10.0.0.1-10.0.0.254"],
  [{ cidr: "10.0.0.77/24" }, "10.0.0.1-10.0.0.254"],
  [{ cidr: "10.0.0.4/30" }, "10.0.0.5-10.0.0.6"],
  [{ cidr: "10.0.0.4/31" }, "10.0.0.4-10.0.0.5"],
  [{ cidr: "10.0.0.4/32" }, "10.0.0.4-10.0.0.4"],
  [{ cidr: "10.0.0.0/9" }, "10.0.0.1-10.127.255.254"],
  [{ cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.0.10" } }, "10.0.0.10-10.0.0.254"],
  [{ cidr: "10.0.0.0/24", allocation_pool: { end: "10.0.0.10" } }, "10.0.0.1-10.0.0.10"],
  [{ cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.0.10", end: "10.0.0.10" } }, "10.0.0.10-10.0.0.10"],
  [{ cidr: "10.0.0.0/24", allocation_pool: { start: "", end: "", lastIp: "10.0.0.9/24" } }, "10.0.0.1-10.0.0.254"],
  [
    { cidr: "10.0.0.0/8", allocation_pool: { start: "10.128.0.0", end: "10.255.255.255" } },
    "10.128.0.0-10.255.255.255",
  ],
  [{ net6: "2001:db8::/64" }, "2001:db8::1-2001:db8::3f:fffe"],
  [{ net6: "2001:db8::/106" }, "2001:db8::1-2001:db8::3f:fffe"],
  [{ net6: "2001:db8::/120" }, "2001:db8::1-2001:db8::fe"],
  [{ net6: "2001:db8::6/127" }, "2001:db8::6-2001:db8::7"],
  [{ net6: "2001:db8::7/128" }, "2001:db8::7-2001:db8::7"],
  [{ net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::1:0/112" } }, "2001:db8::1:1-2001:db8::1:fffe"],
  [{ net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::/105" } }, "2001:db8::1-2001:db8::7f:fffe"],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::1:0/112", end: "2001:db8::1:9" } },
    "2001:db8::1:1-2001:db8::1:9",
  ],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { start: "2001:db8:0:0:1::", end: "2001:db8:0:0:1::ff" } },
    "2001:db8:0:0:1::-2001:db8::1:0:0:ff",
  ],
  [{ net6: "2001:db8::/64", allocation_pool_v6: { start: "2001:db8::100" } }, "2001:db8::100-2001:db8::3f:fffe"],
  [{ net6: "2001:db8::/64", allocation_pool_v6: { end: "2001:db8:0:0:1::9" } }, "2001:db8::1:0:0:1-2001:db8::1:0:0:9"],
];

for (const [options, expected] of GOOD) {
  Deno.test(`poolBounds() of ${JSON.stringify(options)} are ${expected}`, () =>
    assertEquals(bounds(options), expected));
}

const BAD: readonly [NetworkOptions, string][] = [
  [{ cidr: "10.0.0.0" }, 'spec.Options.cidr is "10.0.0.0", must be an IPv4 subnet in CIDR notation'],
  [{ cidr: "2001:db8::/64" }, 'spec.Options.cidr is "2001:db8::/64", must be an IPv4 subnet in CIDR notation'],
  [{ net6: "10.0.0.0/24" }, 'spec.Options.net6 is "10.0.0.0/24", must be an IPv6 subnet in CIDR notation'],
  [{ cidr: "10.0.0.0/8" }, "must be a pool of at most 8388608 addresses, as a /9 has"],
  [
    { cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.1.1" } },
    'spec.Options.allocation_pool.start is "10.0.1.1", must be an address in 10.0.0.0/24',
  ],
  [
    { cidr: "10.0.0.0/24", allocation_pool: { end: "ten" } },
    'spec.Options.allocation_pool.end is "ten", must be an address in 10.0.0.0/24',
  ],
  [
    { cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.0.9", end: "10.0.0.8" } },
    'spec.Options.allocation_pool is "10.0.0.9-10.0.0.8", must be a range whose start is not after its end',
  ],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db9::/112" } },
    'spec.Options.allocation_pool_v6.cidr is "2001:db9::/112", must be inside 2001:db8::/64',
  ],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::/48" } },
    'spec.Options.allocation_pool_v6.cidr is "2001:db8::/48", must be inside 2001:db8::/64',
  ],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::/112", start: "2001:db8::2:0" } },
    "must be inside its cidr 2001:db8::/112",
  ],
  [
    { net6: "2001:db8::/64", allocation_pool_v6: { cidr: "2001:db8::/104" } },
    "must be a pool of at most 8388608 addresses, as a /105 has",
  ],
];

for (const [options, message] of BAD) {
  Deno.test(`poolBounds() refuses ${JSON.stringify(options)}`, () => {
    const error = assertThrows(() => bounds(options), PoolError);
    assertEquals(error.message.slice(-message.length), message);
    assertEquals(error.message.startsWith("Cannot use the pool of DanmNet n/a: "), true);
  });
}

Deno.test("poolBounds() is undefined without a subnet, and refuses a pool without one", () => {
  assertEquals(poolBounds(testNetwork({ net6: "2001:db8::/64" }), 4), undefined);
  assertEquals(poolBounds(testNetwork({ cidr: "", allocation_pool: { start: "", end: "" } }), 4), undefined);
  const stray = testNetwork({ net6: "2001:db8::/64", allocation_pool: { start: "10.0.0.1" } });
  assertThrows(
    () => poolBounds(stray, 4),
    PoolError,
    'allocation_pool.start is "10.0.0.1", must be absent when cidr is',
  );
});

/** Any subnet with any pool in it, of which start and end are in order and not too far apart. */
const anyOptions = fc.record({
  family: fc.constantFrom<Family>(4, 6),
  bits: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  hostBits: fc.integer({ min: 0, max: 23 }),
  from: fc.option(fc.nat(), { nil: undefined }),
  size: fc.option(fc.nat({ max: 100 }), { nil: undefined }),
}).map(({ family, bits, hostBits, from, size }) => {
  const width = addressBits(family);
  const value = bits & ((1n << BigInt(width)) - 1n);
  const subnet = subnetOf({ family, value: family === 6 ? value | (1n << 127n) : value }, width - hostBits);
  const count = Number(lastOf(subnet) - subnet.base) + 1;
  const first = from === undefined ? undefined : from % count;
  const last = size === undefined ? undefined : Math.min(count - 1, (first ?? 0) + size);
  const text = (offset: number) => formatAddress({ family, value: subnet.base + BigInt(offset) });
  const pool = {
    ...(first !== undefined && { start: text(first) }),
    ...(last !== undefined && { end: text(last) }),
  };
  const options: NetworkOptions = family === 4
    ? { cidr: formatSubnet(subnet), allocation_pool: pool }
    : { net6: formatSubnet(subnet), allocation_pool_v6: pool };
  return { options, subnet, first, last };
});

Deno.test("poolBounds() keep within the subnet and the frame, and hold what start and end say", () => {
  fc.assert(fc.property(anyOptions, ({ options, subnet, first, last }) => {
    let found: PoolBounds;
    try {
      found = boundsOf(options);
    } catch (error) {
      // half a pool whose other half, taken from the subnet, comes before it
      if (error instanceof PoolError && error.allowed.startsWith("a range whose start") && !(first && last)) return;
      throw error;
    }
    const { range, frame } = found;
    assertEquals(contains(subnet, { ...range, value: range.first }), true);
    assertEquals(contains(frame, { ...range, value: range.first }), true);
    assertEquals(contains(frame, { ...range, value: range.last }), true);
    assertEquals(contains(subnet, { ...range, value: frame.base }) && frame.prefix >= subnet.prefix, true);
    if (first !== undefined) assertEquals(range.first, subnet.base + BigInt(first));
    if (last !== undefined) assertEquals(range.last, subnet.base + BigInt(last));
    assertEquals(sizeOf(range) >= 1n && inRange(range, { ...range, value: range.last }), true);
  }));
});

Deno.test("poolBounds() written back to the network change nothing", () => {
  fc.assert(fc.property(anyOptions, ({ options }) => {
    let found: PoolBounds;
    try {
      found = boundsOf(options);
    } catch {
      return;
    }
    const [start, end] = [found.range.first, found.range.last].map((value) => formatAddress({ ...found.range, value }));
    const pool = { start: start!, end: end! };
    const written: NetworkOptions = options.cidr !== undefined
      ? { ...options, allocation_pool: pool }
      : { ...options, allocation_pool_v6: { ...pool, cidr: formatSubnet(found.frame) } };
    assertEquals(boundsOf(written), found);
  }));
});
