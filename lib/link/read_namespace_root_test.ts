/** Reading a namespace whose owner may do there as he likes. */

import { assertEquals } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import { addAddress, sameInterfaceAddress } from "./interface_address.ts";
import { readNamespace } from "./read_namespace.ts";
import { sameRoute } from "./route.ts";
import { addRule, sameRule } from "./rule.ts";

/** What a Pod with NET_ADMIN may have done, one by one. */
const DEEDS = [
  "addr add ::ffff:10.9.0.1/120 dev a nodad",
  "addr add 10.9.1.1 peer 10.9.1.2/32 dev a",
  "addr add 10.9.2.1/24 dev a label a:name",
  "addr add 169.254.0.1/16 dev a scope link",
  "route add default via inet6 fe80::1 dev a metric 7",
  "route add blackhole 10.8.0.0/16",
  "route add 10.8.1.0/24 nexthop dev a weight 1 nexthop dev b weight 2",
  "route add 10.8.2.0/24 dev a table 4000000000 proto 99",
  "-6 route add ::ffff:0:0/96 dev a",
  "-6 route add ::ffff:10.8.3.1 dev a",
  "-6 route add 2001:db8:9::/64 via ::ffff:10.9.0.9 dev a onlink",
  "-6 route add unreachable 2001:db8:a::/64",
  "-6 rule add from ::ffff:10.9.0.1 lookup 7",
  "rule add from 10.9.0.1 unreachable",
  "rule add from 10.9.0.1 iif a lookup 7",
  "rule add from all fwmark 7 lookup 7",
  "link add name vx type vxlan external dstport 4790",
  "link add name q\"'\\ type bridge",
  "link property add dev a altname another-name-of-it",
];

Deno.test("readNamespace() reads what is asked for, whatever else there is", async () => {
  await using namespace = await createNamespace();
  await namespace.ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
  for (const link of ["a", "b"]) await namespace.ip("link", "set", "dev", link, "up");
  const own = {
    address: { device: "a", address: parseAddress("10.1.0.2")!, prefix: 24 },
    route: { device: "a", destination: parseSubnet("10.60.0.0/16")!, gateway: parseAddress("10.1.0.1")! },
    rule: { from: parseAddress("10.1.0.2")!, table: 150 },
  };
  await namespace.ip(...addAddress(own.address));
  await namespace.ip("route", "add", "10.60.0.0/16", "via", "10.1.0.1", "dev", "a");
  await namespace.ip(...addRule(own.rule));
  for (const deed of DEEDS) {
    await namespace.ip(...deed.split(" "));
    const { links, addresses, routes, rules } = await readNamespace(namespace.path);
    assertEquals(
      [
        links.some(({ name }) => name === "a"),
        addresses.some((address) => sameInterfaceAddress(address, own.address)),
        routes.some((route) => sameRoute(route, own.route)),
        rules.some((rule) => sameRule(rule, own.rule)),
      ],
      [true, true, true, true],
      deed,
    );
  }
});
