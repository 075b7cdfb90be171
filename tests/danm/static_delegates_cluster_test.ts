/** Static delegates: the reference plugins run from files, with DANM's addresses and with their own. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { run } from "../run_program.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

/** Subnets of the host's own namespace must not meet those of another run of these tests. */
function ownSubnet(): string {
  const [a, b] = crypto.getRandomValues(new Uint8Array(2));
  return `10.${200 + a! % 50}.${b}`;
}

/** Writes a configuration file of a static delegate. */
async function writeConfig({ runtime }: TestNode, file: string, config: object): Promise<void> {
  await Deno.writeTextFile(`${runtime.cniDir}/${file}`, JSON.stringify({ cniVersion: "1.0.0", ...config }));
}

/** A name for a bridge of the host's namespace; disposing removes the bridge, which plugins do not. */
function ownBridge(): { readonly name: string } & AsyncDisposable {
  const name = `br${crypto.randomUUID().slice(0, 8)}`;
  return {
    name,
    async [Symbol.asyncDispose]() {
      await run("ip", "link", "del", "dev", name).catch(() => {}); // the test may have failed before it was made
    },
  };
}

async function hostLinks(): Promise<string[]> {
  return JSON.parse(await run("ip", "-json", "link", "show")).map(({ ifname }: { ifname: string }) => ifname);
}

async function reservedByHostLocal(node: TestNode): Promise<string[]> {
  const folder = `${node.runtime.folder}/host-local`;
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory) continue;
    for await (const file of Deno.readDir(`${folder}/${name}`)) names.push(file.name);
  }
  return names.filter((name) => /^[0-9]+\./.test(name));
}

async function assertPingable(container: TestContainer, address: string): Promise<void> {
  await container.netns.run("ping", "-c", "1", "-W", "5", address);
}

danmTest("gives bridge its addresses, and takes the whole interface back", async (node) => {
  await using bridge = ownBridge();
  const subnet = ownSubnet();
  await writeConfig(node, "lan7.conf", {
    name: "lan",
    type: "bridge",
    bridge: bridge.name,
    isGateway: true,
    ipam: { type: "host-local", subnet: "10.0.0.0/8", dataDir: `${node.runtime.folder}/never-used` },
  });
  await node.createNetwork("lan", {
    cidr: `${subnet}.0/24`,
    net6: "2001:db8:7::/64",
    routes: { "0.0.0.0/0": `${subnet}.1` },
    allocation_pool: { start: `${subnet}.10`, end: `${subnet}.20` },
  }, { NetworkType: "bridge", NetworkID: "lan7" });
  await using container = await node.createContainer([{ network: "lan", ip: "dynamic", ip6: "dynamic" }]);
  const result = await node.attach(container);

  const place = result.interfaces.findIndex(({ name }) => name === "eth0");
  assertEquals(result.interfaces[place]?.sandbox, container.netns.path);
  assertEquals(
    result.interfaces.map(({ name }) => name).includes(bridge.name),
    true,
    "the host's ends are told as well",
  );
  assertEquals(result.ips.map(({ interface: index }) => index), [place, place]);
  assertEquals(result.ips.map(({ address }) => `eth0 ${address}`).sort(), await addressesIn(container));
  assertEquals(result.routes, [{ dst: "0.0.0.0/0", gw: `${subnet}.1` }]);
  await assertPingable(container, `${subnet}.1`);
  await node.check(container);

  const before = await hostLinks();
  await node.detach(container);
  assertEquals(
    (await hostLinks()).filter((name) => before.includes(name)).length,
    before.length - 1,
    "its veth is gone",
  );
});

danmTest("lets bridge have addresses of host-local, which get them back", async (node) => {
  await using bridge = ownBridge();
  // A bridge without a MAC of its own takes its ports' lowest, so that the second port may fail the first one's CHECK.
  await run("ip", "link", "add", bridge.name, "address", "0a:00:00:00:00:01", "type", "bridge");
  const subnet = ownSubnet();
  await writeConfig(node, "lan.conf", {
    name: "lan",
    type: "bridge",
    bridge: bridge.name,
    ipam: {
      type: "host-local",
      ranges: [[{ subnet: `${subnet}.0/24` }], [{ subnet: "fd00:9::/64" }]],
      routes: [{ dst: "10.9.0.0/16", gw: `${subnet}.1` }],
      dataDir: `${node.runtime.folder}/host-local`,
    },
  });
  // Without a cidr, and with one that the Pod does not ask for an address of.
  await node.createNetwork("plain", {}, { NetworkType: "bridge", NetworkID: "lan" });
  await node.createNetwork("unused", { cidr: "10.1.0.0/24" }, { NetworkType: "bridge", NetworkID: "lan" });
  await using container = await node.createContainer([{ network: "plain" }, { network: "unused", ip: "none" }]);
  const result = await node.attach(container);
  const inside = result.interfaces.flatMap(({ name, sandbox }, place) =>
    sandbox === undefined ? [] : [{ name, place }]
  );
  assertEquals(inside.map(({ name }) => name), ["eth0", "eth1"]);
  const told = result.ips.map(({ address, interface: at }) => `${result.interfaces[at!]!.name} ${address}`).sort();
  assertEquals(told, await addressesIn(container));
  assertEquals(told.length, 4);
  assertEquals(result.routes.map(({ dst }) => dst), ["10.9.0.0/16"]);
  assertEquals((await reservedByHostLocal(node)).length, 2);
  const records = JSON.parse(
    await node.cluster.kubectl("get", "danmeps.danm.k8s.io", `--namespace=${node.namespace}`, "-ojson"),
  );
  const recorded = records.items.map(({ spec: { Interface } }: { spec: { Interface: Record<string, string> } }) =>
    Interface
  );
  assertEquals(
    recorded.flatMap((it: Record<string, string>) => [`${it.Name} ${it.Address}`, `${it.Name} ${it.AddressIPv6}`])
      .sort(),
    told,
  );
  await node.check(container);
  await node.detach(container);
  assertEquals(await reservedByHostLocal(node), []);
});

danmTest("runs ptp and static, and keeps their routes and DNS settings", async (node) => {
  const subnet = ownSubnet();
  const dns = { nameservers: ["10.53.0.1"], domain: "pods.example", search: ["a.example"], options: ["ndots:2"] };
  await writeConfig(node, "direct.conf", {
    name: "direct",
    type: "ptp",
    dns,
    ipam: {
      type: "static",
      addresses: [{ address: `${subnet}.5/24`, gateway: `${subnet}.1` }],
      routes: [{ dst: "0.0.0.0/0" }],
      dns,
    },
  });
  await node.createNetwork("direct", { rt_tables: 77 }, { NetworkType: "ptp" });
  await using container = await node.createContainer([
    { network: "direct", proutes: { "10.88.0.0/16": `${subnet}.1` } },
  ]);
  const result = await node.attach(container);
  assertEquals(await addressesIn(container), [`eth0 ${subnet}.5/24`]);
  assertEquals(result.dns, dns);
  assertEquals(result.routes, [{ dst: "0.0.0.0/0" }]);
  assertMatch(await container.netns.ip("route"), new RegExp(`^default via ${subnet}\\.1 dev eth0`));
  assertStringIncludes(await container.netns.ip("rule"), `from ${subnet}.5 lookup 77`);
  assertStringIncludes(await container.netns.ip("route", "show", "table", "77"), `10.88.0.0/16 via ${subnet}.1`);
  await node.check(container);
  await node.detach(container);
});

danmTest("runs no plugin that is configured for another type of network", async (node) => {
  await writeConfig(node, "infra.conf", { name: "infra", type: "macvlan", master: node.parent, ipam: {} });
  await node.createNetwork("sly", {}, { NetworkType: "anything", NetworkID: "infra" });
  await using container = await node.createContainer([{ network: "sly" }]);
  assertStringIncludes(
    await node.attachFails(container),
    'Cannot configure anything: infra.conf is named "infra" and its first plugin is macvlan, must be anything',
  );
  assertEquals(await node.leftovers(container), []);
});

danmTest("finds the file by the network's type, whatever its case, and reads it at every ADD", async (node) => {
  const file = { name: "Phone-Line", type: "macvlan", master: node.parent, ipam: {} };
  await writeConfig(node, "20-other.conf", file);
  await Deno.writeTextFile(`${node.runtime.cniDir}/10-broken.conf`, "{");
  await node.createNetwork("phones", { cidr: "10.1.0.0/24" }, { NetworkType: "PHONE-line" });
  await using container = await node.createContainer([{ network: "phones", ip: "10.1.0.9" }]);
  assertEquals((await node.attach(container)).ips, [{ address: "10.1.0.9/24", interface: 0 }]);
  await node.detach(container);
  await Deno.remove(`${node.runtime.cniDir}/20-other.conf`);
  assertStringIncludes(
    await node.attachFails(container),
    'Cannot configure phone-line: there is no CNI configuration file, must be one with name or type "phone-line"',
  );
});

danmTest(
  "runs the chain of a conflist in order, and checks and deletes it with the result of the whole",
  async (node) => {
    await writeConfig(node, "chained.conflist", {
      name: "macvlan-chain",
      plugins: [
        { type: "macvlan", master: node.parent, ipam: { type: "host-local", subnet: "10.77.0.0/24" } },
        { type: "tuning", mtu: 1400, mac: "02:77:00:00:00:01", dataDir: `${node.runtime.folder}/tuning` },
      ],
    });
    await node.createNetwork("chained", { cidr: "10.1.0.0/24" }, {
      NetworkType: "macvlan-chain",
      NetworkID: "chained",
    });
    await using container = await node.createContainer([{ network: "chained", ip: "10.1.0.7" }]);
    const result = await node.attach(container);
    assertEquals(result.interfaces.map(({ name, mac }) => [name, mac]), [["eth0", "02:77:00:00:00:01"]]);
    assertEquals(result.ips, [{ address: "10.1.0.7/24", interface: 0 }]);
    const [link] = JSON.parse(await container.netns.ip("-json", "link", "show", "eth0"));
    assertEquals([link.mtu, link.address], [1400, "02:77:00:00:00:01"]);
    await node.check(container);
    await container.netns.ip("link", "set", "eth0", "mtu", "1300");
    assertMatch(await node.checkFails(container), /tuning.*MTU/);
    await node.detach(container);
  },
);

danmTest("deletes what a delegate made whose program or file has been removed since", async (node) => {
  await writeConfig(node, "lost.conf", { name: "lost", type: "lost-plugin", master: node.parent, ipam: {} });
  const program = `${node.runtime.binDir}/lost-plugin`;
  await Deno.symlink(await Deno.realPath(`${node.runtime.binDir}/macvlan`), program);
  await node.createNetwork("lost", { cidr: "10.1.0.0/24" }, { NetworkType: "lost" });
  await using container = await node.createContainer([{ network: "lost", ip: "dynamic" }]);

  await node.attach(container);
  await Deno.remove(program);
  await Deno.remove(`${node.runtime.cniDir}/lost.conf`);
  await node.detach(container);
  assertEquals(await node.leftovers(container), []);
});

danmTest("deletes what a delegate made when file, program and journal have been removed since", async (node) => {
  await writeConfig(node, "lost.conf", { name: "lost", type: "macvlan", master: node.parent, ipam: {} });
  await node.createNetwork("lost", { cidr: "10.1.0.0/24" }, { NetworkType: "lost" });
  await using container = await node.createContainer([{ network: "lost", ip: "dynamic" }]);
  await node.attach(container);
  await Deno.remove(`${node.runtime.cniDir}/lost.conf`);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container);
  assertEquals(await node.leftovers(container), []);
});
