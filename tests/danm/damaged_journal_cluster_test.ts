/** What is left of a journal that a disk has damaged is taken back, whoever comes to do it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { sweepContainers } from "../../lib/controller/netwatcher/sweep_containers.ts";
import { openLog } from "../../lib/host/serving/log.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { readDanmConfig } from "../../lib/plugin/danm_config.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import { danmTest } from "./danm_case.ts";

/** Who may come. */
const RECOVERIES: Readonly<Record<string, (node: TestNode, container: TestContainer) => Promise<void>>> = {
  DEL: (node, container) => node.detach(container),
  GC: (node) => node.collectGarbage([]),
  async ADD(node, container) {
    await node.attach(container);
    await node.detach(container);
  },
  async "the sweep"(node, container) {
    const { namespace, name } = container.sandbox.pod;
    await node.cluster.kubectl("delete", "pod", name, `--namespace=${namespace}`, "--force", "--grace-period=0");
    await container.netns[Symbol.asyncDispose]();
    const { client, runtime } = node;
    const config = readDanmConfig({ ...runtime.config(), cniVersion: "1.0.0", name: "netwatcher", type: "danm" });
    using log = openLog(runtime.logFile, "info");
    const services = { config, kube: client, blocks: createBlockStore(client, config.apiGroup), log };
    assertEquals(await sweepContainers(services, { path: [runtime.binDir] }, AbortSignal.timeout(60_000)), [
      container.sandbox.containerId,
    ]);
  },
};

/** A Pod with an interface of danm's own and one of a delegate that is known by its calls. */
async function createScene(node: TestNode) {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await node.createNetwork("b", { cidr: "10.2.0.0/24", container_prefix: "data" }, {
    NetworkType: "noting",
    NetworkID: "b",
  });
  await Deno.writeTextFile(`${node.runtime.cniDir}/b.conf`, '{"cniVersion":"1.0.0","name":"b","type":"noting"}');
  const plugin = await writeStandIn(node.runtime, "noting", {
    ADD: `ip link add "$CNI_IFNAME" netns "$(basename "$CNI_NETNS")" type bridge\n${
      printsInterface({ ips: [{ address: "10.2.0.7/24" }] })
    }`,
  });
  const container = await node.createContainer([{ network: "a", ip: "dynamic" }, { network: "b", ip: "10.2.0.7" }]);
  return { plugin, container };
}

/** Destroys the lines of a journal that hold `text`. */
async function damage(path: string, text: string): Promise<void> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  await Deno.writeTextFile(path, lines.map((line) => line.includes(text) ? "\0".repeat(line.length) : line).join("\n"));
}

for (const [recovery, recover] of Object.entries(RECOVERIES)) {
  for (const text of ['"begin"', '"journal"', '"claim"', '"delegates"', '"setups"', '"complete"', ":"]) {
    danmTest(`leaves nothing when the journal's lines with ${text} are damaged and ${recovery} comes`, async (node) => {
      const scene = await createScene(node);
      await using container = scene.container;
      await node.attach(container);
      await damage(node.runtime.journalOf(container.sandbox), text);
      await recover(node, container);
      const deletions = (await scene.plugin.calls()).filter(({ command }) => command === "DEL");
      assertEquals(new Set(deletions.map(({ env }) => env.CNI_IFNAME)), new Set(["data1"]));
      assertEquals(await node.leftovers(container), []);
    });
  }
}

danmTest("refuses to check what a damaged journal no longer says", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  const path = node.runtime.journalOf(container.sandbox);
  await damage(path, '"setups"');
  assertStringIncludes(
    await node.checkFails(container),
    `Cannot compare with journal ${path}: 1 of its lines cannot be read`,
  );
  await node.detach(container);
});

danmTest("goes by DanmEps where a journal has become empty", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  await Deno.truncate(node.runtime.journalOf(container.sandbox));
  await node.detach(container);
  assertEquals(await node.leftovers(container), []);
  await node.attach(container);
  await Deno.truncate(node.runtime.journalOf(container.sandbox));
  await node.collectGarbage([]);
  assertEquals(await node.leftovers(container), []);
  await node.attach(container);
  await Deno.truncate(node.runtime.journalOf(container.sandbox));
  await RECOVERIES["the sweep"]!(node, container);
  assertEquals(await node.leftovers(container), []);
});
