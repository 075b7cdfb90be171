import { assertEquals } from "@std/assert";
import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import { addRoute, deleteRoute, parseRoute, type Route, sameRoute } from "./route.ts";

const wide: Route = { destination: parseSubnet("10.9.0.0/16")!, gateway: parseAddress("10.0.0.1")!, device: "eth0" };
const default6: Route = {
  destination: parseSubnet("::/0")!,
  gateway: parseAddress("fd00::1")!,
  device: "eth0",
  table: 7,
};
const onLink: Route = { destination: parseSubnet("10.8.0.1/32")!, device: "eth0" };

Deno.test("addRoute() and deleteRoute() say everything that tells routes apart", () => {
  assertEquals(addRoute(wide).join(" "), "route add 10.9.0.0/16 via 10.0.0.1 dev eth0");
  assertEquals(deleteRoute(default6).join(" "), "route del ::/0 via fd00::1 dev eth0 table 7");
  assertEquals(addRoute(onLink).join(" "), "route add 10.8.0.1/32 dev eth0");
});

Deno.test("parseRoute() reads what the kernel keeps of a route", () => {
  const read = (family: 4 | 6, json: Record<string, unknown>) => parseRoute(family, { dev: "eth0", ...json });
  assertEquals(read(4, { type: "1", dst: "10.9.0.0/16", gateway: "10.0.0.1", table: "254" }), { ...wide, table: 254 });
  assertEquals(read(6, { dst: "default", gateway: "fd00::1", table: "7" }), default6);
  assertEquals(read(4, { dst: "10.8.0.1" }), { ...onLink, table: 254 });
});

for (
  const [what, json] of Object.entries({
    "a local route": { type: "2", dst: "10.0.0.2", dev: "eth0" },
    "a blackhole": { type: "6", dst: "10.0.0.0/8" },
    "several next hops": { type: "1", dst: "default", nexthops: [{ gateway: "10.0.0.1", dev: "eth0" }] },
    "a destination that no network has": { dst: "::ffff:10.0.0.0/104", dev: "eth0" },
    "a gateway that no network has": { dst: "default", gateway: "::ffff:10.0.0.1", dev: "eth0" },
    "a gateway of the other family": { dst: "default", dev: "eth0", via: { family: "inet6", host: "fe80::1" } },
  })
) {
  Deno.test(`parseRoute() leaves out ${what}`, () => assertEquals(parseRoute(4, json), undefined));
}

Deno.test("sameRoute() is about table, destination and next hop", () => {
  assertEquals(sameRoute(wide, { ...wide, table: 254 }), true);
  assertEquals(sameRoute(wide, { ...wide, device: "eth1" }), true);
  assertEquals(sameRoute(onLink, { ...onLink, device: "eth1" }), false);
  assertEquals(sameRoute(wide, { ...wide, table: 7 }), false);
  assertEquals(sameRoute(wide, { ...wide, gateway: parseAddress("10.0.0.3")! }), false);
  assertEquals(sameRoute(wide, { ...wide, destination: parseSubnet("10.9.0.0/17")! }), false);
  assertEquals(sameRoute(wide, { destination: wide.destination, device: "eth0" }), false);
  const all4: Route = { destination: parseSubnet("0.0.0.0/0")!, device: "eth0" };
  assertEquals(sameRoute(all4, { ...all4, destination: parseSubnet("::/0")! }), false);
});
