/** Every verb in every version of the protocol, driven by libcni through cnitool. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { asCnitoolNames, prepareCnitool } from "../runtime/cnitool.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const VERSIONS = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

/** A list with danm as the only plugin, or among `others`. */
function listOf({ runtime, namespace }: TestNode, cniVersion: string, before: object[] = [], after: object[] = []) {
  const { cniVersion: _version, name: _name, ...danm } = runtime.config();
  return { cniVersion, name: `danm-${namespace}-${cniVersion}`, plugins: [...before, danm, ...after] };
}

async function createContainer(node: TestNode, interfaces: readonly unknown[]): Promise<TestContainer> {
  return asCnitoolNames(await node.createContainer(interfaces));
}

for (const cniVersion of VERSIONS) {
  danmTest(`attaches, checks and detaches in ${cniVersion}`, async (node) => {
    await node.createNetwork("a", {
      cidr: "10.1.0.0/24",
      net6: "2001:db8:1::/64",
      routes: { "0.0.0.0/0": "10.1.0.1" },
      routes6: { "::/0": "2001:db8:1::1" },
    });
    const cnitool = await prepareCnitool(node.runtime, listOf(node, cniVersion));
    await using container = await createContainer(node, [
      { network: "a", ip: "10.1.0.7", ip6: "2001:db8:1::7" },
      { network: "a", ip: "10.1.0.8" },
    ]);
    const { dns: _empty, ...result } = JSON.parse(await cnitool.succeed("add", container));
    const { interfaces } = result;
    const labelled = cniVersion < "1.0.0";
    const rich = cniVersion === "1.1.0";
    assertEquals(result, {
      cniVersion,
      interfaces: ["eth0", "eth1"].map((name, place) => ({
        name,
        mac: interfaces[place].mac,
        ...(rich && { mtu: 1500 }),
        sandbox: container.netns.path,
      })),
      ips: [
        { ...(labelled && { version: "4" }), interface: 0, address: "10.1.0.7/24", gateway: "10.1.0.1" },
        { ...(labelled && { version: "6" }), interface: 0, address: "2001:db8:1::7/64", gateway: "2001:db8:1::1" },
        { ...(labelled && { version: "4" }), interface: 1, address: "10.1.0.8/24", gateway: "10.1.0.1" },
      ],
      routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }, { dst: "::/0", gw: "2001:db8:1::1" }],
    });
    assertEquals((await addressesIn(container)).length, 3);

    const checked = await cnitool.run("check", container);
    if (cniVersion === "0.3.1") assertStringIncludes(checked.stderr, "does not support the CHECK command");
    else assertEquals([checked.code, checked.stdout, checked.stderr], [0, "", ""]);
    assertEquals((await cnitool.run("status", container)).code, 0);

    await cnitool.succeed("del", container);
    await cnitool.succeed("del", container);
    assertEquals(await node.leftovers(container), []);
  });
}

danmTest("refuses the gc of cnitool, which does not say what is valid", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const cnitool = await prepareCnitool(node.runtime, listOf(node, "1.1.0"));
  await using container = await createContainer(node, [{ network: "a", ip: "dynamic" }]);
  await using alive = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await cnitool.succeed("add", container);
  await node.attach(alive, { name: `danm-${node.namespace}-1.1.0` });
  const { code, stderr } = await cnitool.run("gc", container);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "cni.dev/valid-attachments or cni.dev/attachments is missing, must list the attachments",
  );
  assertEquals(await node.leftovers(container), [], "libcni itself has deleted what it had cached");
  await node.check(alive, { name: `danm-${node.namespace}-1.1.0` });
  await node.detach(alive, { name: `danm-${node.namespace}-1.1.0` });
});

danmTest("adds to what the plugins before it in a chain made, for those after it", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const tuning = { type: "tuning", mtu: 1400, dataDir: `${node.runtime.folder}/tuning` };
  const cnitool = await prepareCnitool(node.runtime, listOf(node, "1.0.0", [{ type: "loopback" }], [tuning]));
  await using container = await createContainer(node, [
    { network: "a", ip: "10.1.0.7" },
    { network: "a", ip: "10.1.0.8" },
  ]);
  const { interfaces, ips } = JSON.parse(await cnitool.succeed("add", container));
  assertEquals(interfaces.map(({ name }: { name: string }) => name), ["lo", "eth0", "eth1"]);
  assertEquals(
    ips.map((ip: { interface: number; address: string }) => `${interfaces[ip.interface].name} ${ip.address}`),
    [
      "lo 127.0.0.1/8",
      "lo ::1/128",
      "eth0 10.1.0.7/24",
      "eth1 10.1.0.8/24",
    ],
  );
  assertStringIncludes(await container.netns.ip("link", "show", "eth0"), "mtu 1400");
  await cnitool.succeed("check", container);
  await cnitool.succeed("del", container);
  assertEquals(await node.leftovers(container), []);
});

danmTest("refuses a name that a plugin before it has used, and leaves that plugin's interface alone", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const before = { type: "macvlan", master: node.parent, ipam: {} };
  const cnitool = await prepareCnitool(node.runtime, listOf(node, "1.0.0", [before]));
  await using container = await createContainer(node, [{ network: "a", ip: "dynamic" }]);
  const { code, stderr } = await cnitool.run("add", container);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /Cannot attach interface 0: the namespace has an interface "eth0" already; a plugin before danm in the list .* has made it/,
  );
  assertStringIncludes(await container.netns.ip("link"), "eth0");
  await cnitool.succeed("del", container);
});
