import { assertEquals, assertThrows } from "@std/assert";
import { parseRoutes, RouteError, sameRoute } from "./route.ts";

const route = (to: string, via: string) => parseRoutes({ [to]: via }, to.includes(":") ? 6 : 4)[0]!;

Deno.test("sameRoute() is about destination and gateway, in whatever spelling", () => {
  const cases: readonly [string, string, string, string, boolean][] = [
    ["10.1.0.0/16", "10.0.0.1", "10.1.0.0/16", "10.0.0.1", true],
    ["10.1.0.7/16", "10.0.0.1", "10.1.0.0/16", "10.0.0.1", true],
    ["10.1.0.0/16", "10.0.0.1", "10.1.0.0/16", "10.0.0.2", false],
    ["10.1.0.0/16", "10.0.0.1", "10.1.0.0/17", "10.0.0.1", false],
    ["2001:db8::/32", "fe80::1", "2001:db8:0::/32", "fe80:0::1", true],
    ["2001:db8::/32", "fe80::1", "2001:db9::/32", "fe80::1", false],
  ];
  for (const [to, via, otherTo, otherVia, expected] of cases) {
    assertEquals(sameRoute(route(to, via), route(otherTo, otherVia)), expected, `${to} ${via}, ${otherTo} ${otherVia}`);
  }
});

Deno.test("parseRoutes() refuses what is of no family or of the other one, naming the entry", () => {
  assertThrows(() => parseRoutes({ "10.1.0.0": "10.0.0.1" }, 4), RouteError, 'destination is "10.1.0.0"');
  assertThrows(() => parseRoutes({ "::/0": "fe80::1" }, 4), RouteError, 'destination is "::/0", must be an IPv4 CIDR');
  assertThrows(() => parseRoutes({ "10.1.0.0/16": "fe80::1" }, 4), RouteError, 'gateway of "10.1.0.0/16" is "fe80::1"');
});
