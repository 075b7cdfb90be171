/** GC: takes back what no attachment needs, of this node and no other. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { basename } from "@std/path/posix";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

danmTest("collects what the runtime does not list, and nothing else", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const requests = [{ network: "a", ip: "dynamic" }, { network: "a", ip: "dynamic" }];
  await using kept = await node.createContainer(requests);
  await using forgotten = await node.createContainer(requests);
  await node.attach(kept);
  await node.attach(forgotten);
  await node.collectGarbage([kept]);
  assertEquals(await node.leftovers(forgotten), []);
  await node.check(kept);
  await node.collectGarbage([]);
  assertEquals(await node.leftovers(kept), []);
});

danmTest("collects by DanmEps what has lost its journal, of its own node only", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using kept = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using lost = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using foreign = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  for (const container of [kept, lost, foreign]) await node.attach(container);
  const journalOf = ({ sandbox }: typeof kept) => node.runtime.journalOf(sandbox);
  await Deno.remove(journalOf(lost));
  // As another node's danm would have recorded it, in that node's own folder.
  const elsewhere = `${node.runtime.folder}/other-node`;
  await Deno.mkdir(`${elsewhere}/attachments`, { recursive: true });
  await Deno.rename(journalOf(foreign), `${elsewhere}/attachments/${basename(journalOf(foreign))}`);
  const danmeps = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: node.namespace };
  const signal = AbortSignal.timeout(30_000);
  const { items } = await node.client.list<{ metadata: { name: string }; spec: { CID: string } }>(danmeps, { signal });
  const { metadata } = items.find(({ spec }) => spec.CID === foreign.sandbox.containerId)!;
  const patch = { type: "merge", body: { spec: { Host: "another-node" } } } as const;
  await node.client.patch({ ...danmeps, name: metadata.name }, patch, { signal });

  await node.collectGarbage([kept]);
  assertEquals(await node.leftovers(lost), []);
  await node.check(kept);
  await node.check(foreign, { stateDir: elsewhere });
  await node.detach(kept);
  await node.detach(foreign, { stateDir: elsewhere });
});

danmTest("collects all it can, and tells what it could not", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await node.createNetwork("b", {}, { NetworkType: "stubborn" });
  await Deno.writeTextFile(
    `${node.runtime.binDir}/stubborn`,
    '#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] && echo "{}" && exit\necho "I will not" >&2; exit 1\n',
    { mode: 0o755 },
  );
  await Deno.writeTextFile(`${node.runtime.cniDir}/b.conf`, '{"cniVersion":"1.0.0","name":"b","type":"stubborn"}');
  await using stuck = await node.createContainer([{ network: "b" }]);
  await using free = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(stuck);
  await node.attach(free);
  const { code, answer } = await node.runtime.call("GC", undefined, { cniVersion: "1.1.0", "cni.dev/attachments": [] });
  assertEquals(code, 1);
  assertStringIncludes(
    (answer as { msg: string }).msg,
    'Plugin stubborn failed at DEL: it exited with 1 and said "I will not"',
  );
  assertEquals(await node.leftovers(free), []);

  await Deno.remove(`${node.runtime.binDir}/stubborn`);
  await node.collectGarbage([]);
});

danmTest("collects what a lost state folder told of, by what the runtime still has", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using kept = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using lost = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  for (const container of [kept, lost]) await node.attach(container);
  await Deno.remove(node.runtime.stateDir, { recursive: true });
  await node.collectGarbage([kept]);
  assertEquals(await node.leftovers(lost), []);
  assertEquals((await addressesIn(kept)).length, 1);
  await node.detach(kept);
});

danmTest("collects what a lost state folder told of, by the host's name", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using lost = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(lost);
  const ref = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: node.namespace };
  const signal = AbortSignal.timeout(30_000);
  const { items: [endpoint] } = await node.client.list<DanmEp>(ref, { signal });
  const patch = { type: "merge", body: { spec: { Host: Deno.hostname().toLowerCase() } } } as const;
  await node.client.patch({ ...ref, name: endpoint!.metadata.name }, patch, { signal });
  await Deno.remove(node.runtime.stateDir, { recursive: true });
  await node.collectGarbage([]);
  assertEquals(await node.leftovers(lost), []);
});

danmTest("collects what comes after a delegate that hangs, and ends that", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await node.createNetwork("b", {}, { NetworkType: "hanging" });
  await Deno.writeTextFile(
    `${node.runtime.binDir}/hanging`,
    '#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] && echo "{}" && exit\nexec sleep 600\n',
    { mode: 0o755 },
  );
  await Deno.writeTextFile(`${node.runtime.cniDir}/b.conf`, '{"cniVersion":"1.0.0","name":"b","type":"hanging"}');
  await using stack = new AsyncDisposableStack();
  // More than are detached at once, and before the others in every order of names.
  const hanging = [];
  for (let count = 0; count < 9; count++) hanging.push(stack.use(await node.createContainer([{ network: "b" }])));
  await using free = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  for (const container of [...hanging, free]) await node.attach(container);
  const { code, answer } = await node.runtime.call("GC", undefined, {
    cniVersion: "1.1.0",
    "cni.dev/valid-attachments": [],
    timeout: 20,
  });
  assertEquals(code, 1);
  const { msg } = answer as { msg: string };
  for (const { sandbox } of hanging) assertStringIncludes(msg, `container ${sandbox.containerId}, attachment eth0:`);
  assertEquals(await node.leftovers(free), []);
  await Deno.remove(`${node.runtime.binDir}/hanging`);
  await node.collectGarbage([]);
});

danmTest("collects nothing when the runtime does not say what is valid", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await node.attach(container);
  const { code, answer } = await node.runtime.call("GC", undefined, { cniVersion: "1.1.0" });
  assertEquals([code, (answer as { code: number }).code], [1, 7]);
  await node.check(container);
  const C1 = { containerID: container.sandbox.containerId, ifname: "eth0" };
  await node.runtime.call("GC", undefined, { cniVersion: "1.1.0", "cni.dev/attachments": [C1] });
  await node.check(container);
  await node.runtime.call("GC", undefined, { cniVersion: "1.1.0", "cni.dev/attachments": [] });
  assertEquals(await node.leftovers(container), []);
});
