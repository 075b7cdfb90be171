/** Routes of Pods with several interfaces, unusual gateways and delegates with addresses of their own. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "../run_program.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

async function routesIn({ netns }: TestContainer, ...selector: readonly string[]): Promise<string[]> {
  return (await netns.ip(...selector, "route", "show")).trim().split("\n").map((line) => line.trim());
}

async function defaultsIn(container: TestContainer, family: "-4" | "-6"): Promise<string[]> {
  return (await routesIn(container, family)).filter((route) => route.startsWith("default"));
}

/** The reasons for what danm left out. */
async function leftOut({ runtime }: TestNode): Promise<string[]> {
  const lines = (await Deno.readTextFile(runtime.logFile)).trim().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ message }) => message === "left out").map((line) => `${line.interface}: ${line.reason}`);
}

/** A static delegate: a bridge of the container's own, with an address of host-local and perhaps a default route. */
async function writeBridge(node: TestNode, name: string, subnet: string, more: object = {}): Promise<string> {
  const bridge = `br${crypto.randomUUID().slice(0, 8)}`;
  const ipam = { type: "host-local", subnet, dataDir: `${node.runtime.folder}/host-local`, ...more };
  // Its own CHECK wants a gateway on the bridge, which addresses of `static` have none of.
  const disableCheck = ipam.type === "static";
  const config = { cniVersion: "1.0.0", name, type: "bridge", bridge, ipam, disableCheck };
  await Deno.writeTextFile(`${node.runtime.cniDir}/${name}.conf`, JSON.stringify(config));
  return bridge;
}

async function removeBridges(bridges: readonly string[]): Promise<void> {
  for (const bridge of bridges) await run("ip", "link", "del", "dev", bridge);
}

danmTest("installs the first interface's default route, and logs the others", async (node) => {
  const options = (n: number) => ({
    cidr: `10.${n}.0.0/24`,
    net6: `2001:db8:${n}::/64`,
    routes: { "0.0.0.0/0": `10.${n}.0.1`, [`10.10${n}.0.0/16`]: `10.${n}.0.1` },
    routes6: { "::/0": "fe80::1" },
  });
  for (const n of [1, 2, 3]) await node.createNetwork(`n${n}`, options(n));
  await using container = await node.createContainer([
    { network: "n1", ip: "none", ip6: "dynamic" },
    { network: "n2", ip: "dynamic", ip6: "dynamic" },
    { network: "n3", ip: "dynamic" },
  ]);
  const { routes } = await node.attach(container);
  assertEquals(await defaultsIn(container, "-4"), ["default via 10.2.0.1 dev eth1"]);
  assertMatch((await defaultsIn(container, "-6")).join(), /^default via fe80::1 dev eth0 [^,]*$/);
  assertEquals(routes, [
    { dst: "::/0", gw: "fe80::1" },
    { dst: "0.0.0.0/0", gw: "10.2.0.1" },
    { dst: "10.102.0.0/16", gw: "10.2.0.1" },
    { dst: "10.103.0.0/16", gw: "10.3.0.1" },
  ]);
  const why = "another interface of the Pod has the default route";
  assertEquals(await leftOut(node), [
    `eth1: route ::/0 via fe80::1: ${why}`,
    `eth2: route 0.0.0.0/0 via 10.3.0.1: ${why}`,
  ]);
  await node.check(container);
  await node.detach(container);
});

danmTest("refuses two interfaces whose routes exclude each other, before anything is made", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", routes: { "10.9.0.0/16": "10.1.0.1" } });
  await node.createNetwork("b", { cidr: "10.2.0.0/24", routes: { "10.9.7.7/16": "10.2.0.1" } });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }, {
    network: "b",
    ip: "dynamic",
  }]);
  const { namespace } = node;
  assertStringIncludes(
    await node.attachFails(container),
    `Cannot attach interface 1 to DanmNet ${namespace}/b: it has a route to 10.9.0.0/16 via 10.2.0.1 in the main table, ` +
      `where interface 0 to DanmNet ${namespace}/a has one via 10.1.0.1: there can be only one`,
  );
  assertEquals(await addressesIn(container), []);
  assertEquals(await node.leftovers(), []);
});

danmTest("lets two interfaces have the same routes", async (node) => {
  const routes = { "0.0.0.0/0": "10.1.0.1", "10.9.0.0/16": "10.1.0.1" };
  await node.createNetwork("a", { cidr: "10.1.0.0/24", routes });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }, {
    network: "a",
    ip: "dynamic",
  }]);
  await node.attach(container);
  assertEquals(await defaultsIn(container, "-4"), ["default via 10.1.0.1 dev eth0"]);
  await node.check(container);
  await node.detach(container);
});

danmTest("reaches an IPv6 gateway by its link-local address, also for policy routes", async (node) => {
  const net6 = "2001:db8:1::/64";
  await node.createNetwork("a", { net6, routes6: { "::/0": "fe80::77" }, rt_tables: 150 });
  await node.peer.ip("addr", "add", "fe80::77/64", "dev", "uplink", "nodad");
  await node.peer.ip("addr", "add", "2001:db8:9::1/128", "dev", "uplink", "nodad");
  await node.peer.ip("route", "add", net6, "dev", "uplink");
  const proutes6 = { "2001:db8:60::/48": "fe80::78" };
  await using container = await node.createContainer([{ network: "a", ip6: "2001:db8:1::5", proutes6 }]);
  await node.attach(container);
  await container.netns.run("ping", "-c", "1", "-W", "5", "2001:db8:9::1");
  assertMatch((await routesIn(container, "-6", "-N")).join(), /default via fe80::77 dev eth0/);
  assertMatch(
    await container.netns.ip("-6", "route", "show", "table", "150"),
    /2001:db8:60::\/48 via fe80::78 dev eth0/,
  );
  await node.check(container);
  await node.detach(container);
});

danmTest("leaves out policy routes of a network without a table, and says so in the log", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([
    { network: "a", ip: "10.1.0.5", proutes: { "10.60.0.0/16": "10.1.0.3" }, ip6: null, proutes6: "" },
  ]);
  await node.attach(container);
  assertEquals(await leftOut(node), ["eth0: key proutes is left out: the network has no rt_tables"]);
  assertEquals((await container.netns.ip("rule")).includes("10.1.0.5"), false);
  await node.check(container);
  await node.detach(container);
});

danmTest("takes the gateway for a neighbour when a delegate answers with a /32", async (node) => {
  const [name, config] = ["stat32", { type: "static", addresses: [{ address: "10.77.0.5/32" }] }];
  const bridge = await writeBridge(node, name, "10.77.0.0/24", config);
  await node.createNetwork("lan", {
    cidr: "10.77.0.0/24",
    routes: { "10.78.0.0/16": "10.77.0.1" },
    rt_tables: 150,
  }, { NetworkType: "bridge", NetworkID: name });
  await using container = await node.createContainer([{ network: "lan", proutes: { "10.79.0.0/16": "10.77.0.1" } }]);
  const { routes } = await node.attach(container);
  assertEquals(routes, [{ dst: "10.78.0.0/16", gw: "10.77.0.1" }]);
  assertEquals(await routesIn(container), ["10.78.0.0/16 via 10.77.0.1 dev eth0 onlink"]);
  assertStringIncludes(
    await container.netns.ip("route", "show", "table", "150"),
    "10.79.0.0/16 via 10.77.0.1 dev eth0 onlink",
  );
  await node.check(container);
  await node.detach(container);
  await removeBridges([bridge]);
});

danmTest("installs the first interface's default route whatever delegates have installed", async (node) => {
  const routes = [{ dst: "0.0.0.0/0" }];
  const bridges = [
    await writeBridge(node, "one", "10.81.0.0/24", { routes }),
    await writeBridge(node, "two", "10.82.0.0/24", { routes }),
  ];
  await node.createNetwork("one", {}, { NetworkType: "bridge", NetworkID: "one" });
  await node.createNetwork("two", {}, { NetworkType: "bridge", NetworkID: "two" });
  await node.createNetwork("own", { cidr: "10.1.0.0/24", routes: { "0.0.0.0/0": "10.1.0.1" } });
  const own = { network: "own", ip: "dynamic" };
  const [one, two] = [{ network: "one" }, { network: "two" }];
  for (
    const [interfaces, expected, others] of [
      [[own, one], "10.1.0.1 dev eth0", ["eth1"]],
      [[one, own], "10.81.0.1 dev eth0", ["eth1"]],
      [[two, one, own], "10.82.0.1 dev eth0", ["eth1", "eth2"]],
      [[{ ...own, ip: "none" }, two, one], "10.82.0.1 dev eth1", ["eth2"]],
    ] as const
  ) {
    await Deno.truncate(node.runtime.logFile).catch(() => {}); // the first time there is none
    await using container = await node.createContainer(interfaces);
    const result = await node.attach(container);
    assertEquals((await defaultsIn(container, "-4")).map((route) => route.trim()), [`default via ${expected}`]);
    assertEquals(result.routes.filter(({ dst }) => dst === "0.0.0.0/0").length, 1);
    assertEquals((await leftOut(node)).map((line) => line.split(":")[0]), [...others]);
    await node.check(container);
    await node.detach(container);
  }
  await removeBridges(bridges);
});

danmTest("gives the gateway to nobody, though it is in the pool", async (node) => {
  const pool = { allocation_pool: { start: "10.1.0.2", end: "10.1.0.4" } };
  await node.createNetwork("a", { cidr: "10.1.0.0/24", routes: { "0.0.0.0/0": "10.1.0.2" }, ...pool });
  await using one = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using two = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using three = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const given = [await node.attach(one), await node.attach(two)].flatMap(({ ips }) =>
    ips.map(({ address }) => address)
  );
  assertEquals(given.sort(), ["10.1.0.3/24", "10.1.0.4/24"]);
  assertStringIncludes(await node.attachFails(three), "10.1.0.2-10.1.0.4");
  await Promise.all([node.detach(one), node.detach(two)]);
});
