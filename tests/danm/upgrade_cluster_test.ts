/** What an upgrade of danm finds: attachments of the version before; and what a downgrade would: those of a later one. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { sweepContainers } from "../../lib/controller/netwatcher/sweep_containers.ts";
import { openLog } from "../../lib/host/serving/log.ts";
import { createBlockStore } from "../../lib/kube/blocks/block_store.ts";
import { readDanmConfig } from "../../lib/plugin/danm_config.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";
import { attachInFirstFormat, OLD_REQUEST } from "./first_format.ts";

async function createScene(node: TestNode): Promise<TestContainer> {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", rt_tables: 150 });
  return await node.createContainer([OLD_REQUEST]);
}

function as(container: TestContainer, ifName: string): TestContainer {
  return { ...container, sandbox: { ...container.sandbox, ifName } };
}

async function sweep({ client, runtime }: TestNode): Promise<string[]> {
  const config = readDanmConfig({ ...runtime.config(), cniVersion: "1.0.0", name: "netwatcher", type: "danm" });
  using log = openLog(runtime.logFile, "info");
  const services = { config, kube: client, blocks: createBlockStore(client, config.apiGroup), log };
  return await sweepContainers(services, { path: [runtime.binDir] }, AbortSignal.timeout(60_000));
}

/** Everything that takes back, or checks, an attachment of the version before. */
const VERBS: Readonly<Record<string, (node: TestNode, container: TestContainer) => Promise<void>>> = {
  async "CHECK and DEL"(node, container) {
    await node.check(container);
    await container.netns.ip("rule", "del", "lookup", "150");
    assertStringIncludes(await node.checkFails(container), "rule from 10.1.0.");
    await node.detach(container);
  },
  "DEL without a namespace": (node, container) =>
    node.detach({ ...container, sandbox: { ...container.sandbox, netns: "" } }),
  async GC(node, container) {
    await node.collectGarbage([container]);
    await node.check(container);
    await node.collectGarbage([]);
  },
  async ADD(node, container) {
    const { ips } = await node.attach(container);
    assertEquals(await addressesIn(container), [`eth0 ${ips[0]!.address}`]);
    await node.detach(container);
  },
  async "the sweep"(node, container) {
    assertEquals(await sweep(node), []);
    const { namespace, name } = container.sandbox.pod;
    await node.cluster.kubectl("delete", "pod", name, `--namespace=${namespace}`, "--force", "--grace-period=0");
    await container.netns[Symbol.asyncDispose]();
    assertEquals(await sweep(node), [container.sandbox.containerId]);
  },
};

/** How the journal may be. */
const STATES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  whole: () => Promise.resolve(),
  damaged: async (path) => await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("begin", "begi\0")),
  lost: (path) => Deno.remove(path),
};

for (const [state, bring] of Object.entries(STATES)) {
  for (const [verb, use] of Object.entries(VERBS)) {
    if (state !== "whole" && verb.startsWith("CHECK")) continue;
    if (state === "lost" && verb === "the sweep") continue; // the cleaner's
    danmTest(`takes back what the version before attached, its journal ${state}, by ${verb}`, async (node) => {
      await using container = await createScene(node);
      const path = await attachInFirstFormat(node, container);
      await bring(path);
      if (state === "lost" && verb === "GC") {
        await using alive = await node.createContainer([OLD_REQUEST]);
        await node.attach(alive); // so that danm knows the node's name
        await node.collectGarbage([alive]);
        await node.detach(alive);
      } else if (state === "damaged" && verb === "GC") await node.collectGarbage([]);
      else await use(node, container);
      assertEquals(await node.leftovers(container), []);
    });
  }
}

danmTest("leaves what the version before attached to calls about it", async (node) => {
  await using container = await createScene(node);
  await attachInFirstFormat(node, container);
  const [old] = await addressesIn(container);
  await node.attach(as(container, "net2"));
  await node.detach(as(container, "net3"));
  assertStringIncludes(await node.checkFails(as(container, "net3")), "has not been attached");
  await node.check(container);
  assertEquals((await addressesIn(container))[0], old);
  // Of a configuration it says nothing: with a second one on the node, only a namespace that is gone is proof.
  await Deno.writeTextFile(
    `${node.runtime.cniDir}/20-b.conflist`,
    '{"cniVersion":"1.0.0","name":"danm-b","plugins":[{"type":"danm"}]}',
  );
  await node.collectGarbage([], { name: "danm-b" });
  await node.check(container);
  await node.detach(container);
  await node.check(as(container, "net2"));
  await node.detach(as(container, "net2"));
});

danmTest("refuses, and keeps, the journal of a later version", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using other = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  await node.attach(other);
  const path = node.runtime.journalOf(container.sandbox);
  const text = await Deno.readTextFile(path);
  const later = text.replace(/^.*\n/, '{"type":"journal","version":3,"seal":"x"}\n').replaceAll(
    /,"sum":"[0-9a-f]*"/g,
    "",
  );
  await Deno.writeTextFile(path, later);
  const sentence = `journal ${path}: its format version is 3, must be at most 2`;
  assertStringIncludes(await node.detachFails(container), sentence);
  assertStringIncludes(await node.attachFails(container), sentence);
  assertStringIncludes(await node.checkFails(container), sentence);
  const { code, answer } = await node.runtime.call("GC", undefined, {
    cniVersion: "1.1.0",
    "cni.dev/valid-attachments": [],
  });
  assertEquals(code, 1);
  assertStringIncludes((answer as { msg: string }).msg, sentence);
  assertEquals(await node.leftovers(other), []);
  assertEquals(await Deno.readTextFile(path), later);
  await Deno.writeTextFile(path, text);
  await node.detach(container);
});
