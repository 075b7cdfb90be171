/** What netwatcher does about containers that are gone without a DEL; danm itself attached them. */

import { assertEquals, assertMatch } from "@std/assert";
import { basename } from "@std/path/posix";
import { openJournal } from "../../lib/host/journal/attachment_journal.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import { clusterLeftovers, journalLeftovers } from "../runtime/leftovers.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
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

  async function attach(pod?: TestPod, network = "net"): Promise<Container> {
    const request = network === "net" ? { network, ip: "dynamic" } : { network };
    pod ??= await createPod(client, namespace, [request], undefined, node.name);
    const netns = stack.use(await createNamespace());
    const sandbox = { containerId: `${namespace}-${count++}`, netns: netns.path, pod };
    const { code, answer, stderr } = await node.runtime.call("ADD", sandbox);
    assertEquals(code, 0, JSON.stringify(answer) + stderr);
    return { pod, netns, sandbox };
  }
  /** The API's copy of a static Pod that kubelet knows by `uid`; resolves to it as kubelet knows it. */
  async function createMirrorPod(uid: string, name = "proxy-node-1"): Promise<TestPod> {
    const annotations = {
      "kubernetes.io/config.mirror": uid,
      "danm.k8s.io/interfaces": JSON.stringify([{ network: "net", ip: "dynamic" }]),
    };
    const spec = { nodeName: node.name, containers: [{ name: "main", image: "none" }] };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, annotations }, spec };
    await client.create({ group: "", version: "v1", plural: "pods", namespace }, pod, {
      signal: AbortSignal.timeout(10_000),
    });
    return { namespace, name, uid };
  }
  return {
    node,
    attach,
    createNetwork: (name: string, spec: { NetworkID: string; NetworkType: string }) =>
      networksOf(client, namespace).createNetwork(name, {}, spec),
    createMirrorPod,
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

Deno.test("netwatcher sweeps a container at whose path another namespace is by now, and leaves that alone", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, leftovers } = await createScene(stack);
  const before = await attach();
  const { path } = before.netns;
  await before.netns[Symbol.asyncDispose]();
  const after = await attach(before.pod);
  const other = stack.use(await createNamespace());
  await other.ip("link", "add", "eth0", "type", "bridge");
  await Deno.writeTextFile(path, "");
  await other.run("mount", "--bind", "/proc/self/ns/net", path);
  stack.defer(async () => {
    await other.run("umount", path);
    await Deno.remove(path);
  });
  await using netwatcher = await node.startNetwatcher();
  await netwatcher.says({ message: "swept a container that is gone", containerId: before.sandbox.containerId });
  assertEquals([await leftovers(before), await leftovers(after)], [0, ALL]);
  assertEquals((await other.ip("link", "show", "eth0")).includes("eth0"), true);
});

Deno.test("netwatcher does not take a static Pod for gone because its copy in the API was replaced", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, createMirrorPod, deletePod, leftovers } = await createScene(stack);
  const uid = "0123456789abcdef0123456789abcdef";
  const unseen = await attach(await createMirrorPod(uid));
  const gone = await attach();
  await deletePod(unseen);
  await createMirrorPod(uid, unseen.pod.name);
  await deletePod(gone);
  for (const { netns } of [unseen, gone]) await netns[Symbol.asyncDispose]();
  await using netwatcher = await node.startNetwatcher();
  await netwatcher.says({ message: "swept a container that is gone", containerId: gone.sandbox.containerId });
  await eventually("end the sweep", async () => {
    const done = 'danm_reconcile_seconds_count{controller="gone_containers",result="done"}';
    return await netwatcher.metric(done) || undefined;
  });
  assertEquals(await leftovers(unseen), ALL);
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

/** Runs a command where the plugins cannot be seen, as in a container. */
const withoutPlugins = (binDir: string) => {
  const script = 'mount -t tmpfs none "$1" && shift && exec "$@"';
  return ["unshare", "--mount", "sh", "-c", script, "sh", binDir];
};

Deno.test("netwatcher has plugins of the node take back what they have, and takes one it does not find for no success", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, attach, createNetwork, deletePod, leftovers } = await createScene(stack);
  const { runtime } = node;
  const plugin = await writeStandIn(runtime, "keeper", { ADD: printsInterface() });
  await Deno.writeTextFile(
    `${runtime.cniDir}/k.conf`,
    JSON.stringify({ cniVersion: "1.0.0", name: "k", type: "keeper" }),
  );
  await createNetwork("k", { NetworkType: "keeper", NetworkID: "k" });
  const gone = await attach(undefined, "k");
  await deletePod(gone);
  await gone.netns[Symbol.asyncDispose]();
  const deleted = async () => (await plugin.calls()).filter(({ command }) => command === "DEL").length;
  const everything = await leftovers(gone);
  {
    await using netwatcher = await node.startNetwatcher(withoutPlugins(runtime.binDir));
    await netwatcher.says({ message: "cannot reconcile", controller: "gone_containers" });
    assertEquals([await deleted(), await leftovers(gone) > 0, everything > 0], [0, true, true]);
  }
  const mounts = `--host-mounts=/proc/${Deno.pid}/ns/mnt`;
  await Deno.rename(`${runtime.binDir}/keeper`, `${runtime.binDir}/away`);
  {
    await using netwatcher = await node.startNetwatcher(withoutPlugins(runtime.binDir), [mounts]);
    const { reason } = await netwatcher.says({ message: "cannot reconcile", controller: "gone_containers" });
    assertMatch(String(reason), /Cannot run plugin keeper: it is not in CNI_PATH/);
    assertEquals(await deleted(), 0);
  }
  await Deno.rename(`${runtime.binDir}/away`, `${runtime.binDir}/keeper`);
  await using netwatcher = await node.startNetwatcher(withoutPlugins(runtime.binDir), [mounts]);
  await netwatcher.says({ message: "swept a container that is gone", containerId: gone.sandbox.containerId });
  assertEquals([await deleted(), await leftovers(gone)], [1, 0]);
});
