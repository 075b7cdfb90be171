/** What a delegate is told at each call, and what becomes of its answers; by plugins that note what they get. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

async function writeFile({ runtime }: TestNode, file: string, config: object): Promise<void> {
  await Deno.writeTextFile(`${runtime.cniDir}/${file}`, JSON.stringify(config));
}

/** Makes the interface that was asked for; a bridge is a link that every kernel has and needs nothing else. */
const MAKE_LINK = "nsenter --net=$CNI_NETNS ip link add $CNI_IFNAME up type bridge\n";

const commandsOf = (calls: readonly { command: string }[]) => calls.map(({ command }) => command);

danmTest("calls a delegate with the variables of the ADD, and its own result at CHECK and DEL", async (node) => {
  const plugin = await writeStandIn(node.runtime, "note", {
    ADD: MAKE_LINK + printsInterface({ dns: { domain: "a.example" } }),
    DEL: "echo going >&2",
  });
  await writeFile(node, "n.conf", { cniVersion: "1.0.0", name: "noted", type: "note", custom: { any: ["thing"] } });
  await node.createNetwork("n", {}, { NetworkType: "note" });
  await using container = await node.createContainer([{ network: "n" }, { network: "n" }]);
  await node.attach(container);
  await node.check(container);
  const { code, stderr } = await node.runtime.call("DEL", container.sandbox);
  assertEquals([code, stderr], [0, "going\ngoing\n"]);

  const calls = (await plugin.calls()).filter(({ env }) => env.CNI_IFNAME === "eth1");
  assertEquals(commandsOf(calls), ["ADD", "CHECK", "DEL"]);
  const { pod, containerId, netns } = container.sandbox;
  for (const { command, env, config } of calls) {
    assertEquals(env, {
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: "eth1",
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${pod.namespace};K8S_POD_NAME=${pod.name};` +
        `K8S_POD_INFRA_CONTAINER_ID=${containerId};K8S_POD_UID=${pod.uid}`,
      CNI_PATH: node.runtime.binDir,
    });
    const { prevResult, ...rest } = config;
    assertEquals(rest, { cniVersion: "1.0.0", name: "noted", type: "note", custom: { any: ["thing"] } });
    assertEquals(
      prevResult,
      command === "ADD" ? undefined : {
        cniVersion: "1.0.0",
        interfaces: [{ name: "eth1", sandbox: netns }],
        dns: { domain: "a.example" },
      },
    );
  }
});

danmTest("calls a delegate with the arguments of its ADD at GC as well, which has none", async (node) => {
  const plugin = await writeStandIn(node.runtime, "note", { ADD: printsInterface() });
  await writeFile(node, "n.conf", { cniVersion: "1.0.0", name: "noted", type: "note" });
  await node.createNetwork("n", {}, { NetworkType: "note" });
  await using container = await node.createContainer([{ network: "n" }]);
  await node.attach(container);
  await node.collectGarbage([]);
  const [added, deleted] = await plugin.calls();
  assertEquals(deleted?.env, { ...added?.env, CNI_COMMAND: "DEL" });
});

danmTest("passes a chain on from plugin to plugin, and takes back what ran when one fails", async (node) => {
  const first = await writeStandIn(node.runtime, "first", {
    ADD: printsInterface({ ips: [{ address: "10.5.0.1/24" }] }),
  });
  const second = await writeStandIn(node.runtime, "second", {
    ADD: `echo '{"cniVersion":"1.0.0","code":7,"msg":"no such luck","details":"at all"}'; exit 1`,
  });
  const third = await writeStandIn(node.runtime, "third", {});
  const plugins = ["first", "second", "third"].map((type) => ({ type }));
  await writeFile(node, "n.conflist", { cniVersion: "1.0.0", name: "chain", plugins });
  await node.createNetwork("n", {}, { NetworkType: "chain", NetworkID: "n" });
  await using container = await node.createContainer([{ network: "n" }]);
  const message = await node.attachFails(container);
  assertEquals(message.split("\n"), [
    "CNI network could not be set up: ",
    `interface 0 (eth0, DanmNet ${node.namespace}/n): Plugin second failed at ADD: no such luck: at all`,
  ]);
  assertEquals(await Promise.all([first, second, third].map(async (it) => commandsOf(await it.calls()))), [
    ["ADD", "DEL"],
    ["ADD", "DEL"],
    ["DEL"],
  ]);
  const [added] = await second.calls();
  assertEquals(added?.config.prevResult, {
    cniVersion: "1.0.0",
    interfaces: [{ name: "eth0", sandbox: container.netns.path }],
    ips: [{ address: "10.5.0.1/24" }],
  });
});

danmTest("gives each delegate what it has the capability for, of all that the runtime passed", async (node) => {
  const plugin = await writeStandIn(node.runtime, "note", { ADD: printsInterface() });
  const plugins = [
    { type: "note", capabilities: { portMappings: true, mac: false } },
    { type: "note" },
  ];
  await writeFile(node, "n.conflist", { cniVersion: "1.0.0", name: "chain", plugins });
  await node.createNetwork("n", {}, { NetworkType: "chain" });
  await using container = await node.createContainer([{ network: "n" }]);
  const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }];
  const runtimeConfig = { portMappings, mac: "02:00:00:00:00:01", bandwidth: {} };
  await node.attach(container, { runtimeConfig });
  await node.detach(container);
  const told = (await plugin.calls()).map((
    { command, config },
  ) => [command, config.runtimeConfig, config.capabilities]);
  assertEquals(told, [
    ["ADD", { portMappings }, undefined],
    ["ADD", undefined, undefined],
    ["DEL", undefined, undefined],
    ["DEL", { portMappings }, undefined],
  ]);
});

danmTest("spares a chain the CHECK that disables it, or whose version has none", async (node) => {
  const plugin = await writeStandIn(node.runtime, "note", { ADD: printsInterface({}, "0.3.0"), CHECK: "exit 1" });
  await writeFile(node, "a.conflist", {
    cniVersion: "1.0.0",
    name: "disabled",
    disableCheck: true,
    plugins: [{ type: "note" }],
  });
  await writeFile(node, "b.conf", { cniVersion: "0.3.0", name: "old", type: "note" });
  await writeFile(node, "c.conflist", {
    cniVersions: ["0.4.0", "9.0.0", "1.1.0"],
    name: "new",
    plugins: [{ type: "note" }],
  });
  await node.createNetwork("a", {}, { NetworkType: "disabled" });
  await node.createNetwork("b", {}, { NetworkType: "old" });
  await node.createNetwork("c", {}, { NetworkType: "new" });
  await using container = await node.createContainer([{ network: "a" }, { network: "b" }]);
  await node.attach(container);
  // No plugin made a link, which is all that is wrong.
  assertEquals(
    await node.checkFails(container),
    "The container's network differs from what was made: interface eth0 is missing; interface eth1 is missing",
  );
  assertEquals(commandsOf(await plugin.calls()), ["ADD", "ADD"]);
  await node.detach(container);

  await using checked = await node.createContainer([{ network: "c" }]);
  await node.attach(checked);
  assertStringIncludes(
    await node.checkFails(checked),
    "Plugin note failed at CHECK: it exited with 1 and said nothing",
  );
  const versions = (await plugin.calls()).map(({ config }) => config.cniVersion);
  assertEquals(versions.at(-1), "1.1.0");
  await node.detach(checked);
});

danmTest("lists the interface of a delegate that says nothing of interfaces", async (node) => {
  await writeStandIn(node.runtime, "ancient", {
    ADD:
      `${MAKE_LINK} echo '{"cniVersion":"0.2.0","ip4":{"ip":"10.5.0.1/24","routes":[{"dst":"10.6.0.0/16","gw":"10.5.0.9"}]}}'`,
  });
  await writeFile(node, "a.conf", { cniVersion: "0.2.0", name: "ancient", type: "ancient" });
  await node.createNetwork("a", {}, { NetworkType: "ancient" });
  await using container = await node.createContainer([{ network: "a" }]);
  const result = await node.attach(container);
  assertEquals(result.interfaces, [{ name: "eth0", sandbox: container.netns.path }]);
  assertEquals(result.ips, [{ address: "10.5.0.1/24", interface: 0 }]);
  assertEquals(result.routes, [{ dst: "10.6.0.0/16", gw: "10.5.0.9" }]);
  await node.detach(container);
});
