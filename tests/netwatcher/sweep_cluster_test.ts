/** What netwatcher does about containers that are gone without a DEL; danm itself attached them. */

import { assertEquals } from "@std/assert";
import { basename } from "@std/path/posix";
import { openJournal } from "../../lib/host/journal/attachment_journal.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import { clusterLeftovers, journalLeftovers } from "../runtime/leftovers.ts";
import { createPod, type TestPod } from "../runtime/test_pod.ts";
import { networksOf } from "./networks.ts";
import { applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode } from "./watched_node.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
await applyNetworkCrds(cluster);
const kubeconfig = await applyNetwatcher(cluster);

/** A Pod's container that danm has attached. */
interface Container {
  readonly pod: TestPod;
  readonly netns: TestNamespace;
  readonly sandbox: Sandbox;
}

/** A node with the network `net`, which its containers are on. */
async function createScene(stack: AsyncDisposableStack) {
  const node = stack.use(await createWatchedNode(cluster, kubeconfig));
  await node.netns.ip("link", "add", "up0", "type", "veth", "peer", "name", "peer0");
  await node.netns.ip("link", "set", "up0", "up");
  const namespace = await cluster.createNamespace();
  await networksOf(client, namespace).createNetwork("net", { host_device: "up0", cidr: "10.8.0.0/24" });
  let count = 0;

  async function attach(pod?: TestPod): Promise<Container> {
    pod ??= await createPod(client, namespace, [{ network: "net", ip: "dynamic" }], undefined, node.name);
    const netns = stack.use(await createNamespace());
    const sandbox = { containerId: `${namespace}-${count++}`, netns: netns.path, pod };
    const { code, answer, stderr } = await node.runtime.call("ADD", sandbox);
    assertEquals(code, 0, JSON.stringify(answer) + stderr);
    return { pod, netns, sandbox };
  }
  return {
    node,
    attach,
    async deletePod({ pod: { namespace, name } }: Container) {
      await cluster.kubectl("delete", "pod", name, "--namespace", namespace, "--force", "--grace-period=0");
    },
    async leftovers({ sandbox }: Container) {
      const isMeant = (id: string) => id === sandbox.containerId;
      const found = [clusterLeftovers(client, namespace, isMeant), journalLeftovers(node.runtime.stateDir, isMeant)];
      return (await Promise.all(found)).flat().length;
    },
  };
}

/** A DanmEp, an address and a journal. */
const ALL = 3;

Deno.test("netwatcher sweeps a container whose namespace and Pod are gone, and no other", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, deletePod, leftovers } = await createScene(stack);
  const gone = await attach();
  const alive = await attach();
  const deletedButRunning = await attach();
  const unseen = await attach();
  for (const each of [gone, deletedButRunning]) await deletePod(each);
  for (const { netns } of [gone, unseen]) await netns[Symbol.asyncDispose]();

  await using netwatcher = await node.startNetwatcher();
  await netwatcher.says({ message: "swept a container that is gone", containerId: gone.sandbox.containerId });
  assertEquals(await leftovers(gone), 0);
  await eventually("end the sweep", async () => {
    const done = 'danm_reconcile_seconds_count{controller="gone_containers",result="done"}';
    return await netwatcher.metric(done) || undefined;
  });
  for (const each of [alive, deletedButRunning, unseen]) assertEquals(await leftovers(each), ALL);
  assertEquals(await netwatcher.metric("danm_swept_containers_total"), 1);
  assertEquals((await alive.netns.ip("link", "show", "eth0")).includes("eth0"), true);
});

Deno.test("netwatcher sweeps the container that its Pod has another one for", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, leftovers } = await createScene(stack);
  const before = await attach();
  await before.netns[Symbol.asyncDispose](); // as after a reboot
  const after = await attach(before.pod);
  await using netwatcher = await node.startNetwatcher();
  await netwatcher.says({ message: "swept a container that is gone", containerId: before.sandbox.containerId });
  assertEquals([await leftovers(before), await leftovers(after)], [0, ALL]);
});

Deno.test("netwatcher passes over a container that is being worked on, and comes back", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, deletePod, leftovers } = await createScene(stack);
  const busy = await attach();
  await deletePod(busy);
  await busy.netns[Symbol.asyncDispose]();
  const signal = AbortSignal.timeout(60_000);
  {
    await using _held = await openJournal(
      node.runtime.stateDir,
      basename(node.runtime.journalOf(busy.sandbox)),
      signal,
    );
    await using netwatcher = await node.startNetwatcher();
    await eventually("end the sweep", async () => {
      const done = 'danm_reconcile_seconds_count{controller="gone_containers",result="done"}';
      return await netwatcher.metric(done) || undefined;
    });
    assertEquals(await leftovers(busy), ALL);
  }
  await using netwatcher = await node.startNetwatcher();
  await netwatcher.says({ message: "swept a container that is gone" });
  assertEquals(await leftovers(busy), 0);
});
