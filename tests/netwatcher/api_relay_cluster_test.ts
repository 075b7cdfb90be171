/** What danm has of the connections to the API server that netwatcher lends it, and that it can do without. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace } from "../netns.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import { createPod } from "../runtime/test_pod.ts";
import { networksOf } from "./networks.ts";
import { applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode, type WatchedNode } from "./watched_node.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
await applyNetworkCrds(cluster);
const netwatcherKubeconfig = await applyNetwatcher(cluster);
await applyManifests(cluster, new URL("../../manifests/danm", import.meta.url).pathname);
const danm = { namespace: "kube-system", name: "danm" };
const kubeconfig = await cluster.kubeconfigFor(danm);

/** As `kubeconfig`, but nothing listens where it leads to. */
const leadingNowhere = await cluster.kubeconfigFor(danm, "https://127.0.0.1:2");

async function createScene(stack: AsyncDisposableStack): Promise<{ node: WatchedNode; sandbox: Sandbox }> {
  const node = stack.use(await createWatchedNode(cluster, netwatcherKubeconfig));
  await node.netns.ip("link", "add", "up0", "type", "veth", "peer", "name", "peer0");
  await node.netns.ip("link", "set", "up0", "up");
  const namespace = await cluster.createNamespace();
  await networksOf(client, namespace).createNetwork("net", { host_device: "up0", cidr: "10.8.0.0/24" });
  const pod = await createPod(client, namespace, [{ network: "net", ip: "dynamic" }], undefined, node.name);
  const netns = stack.use(await createNamespace());
  return { node, sandbox: { containerId: `${namespace}-0`, netns: netns.path, pod } };
}

/** Calls danm; resolves to what it said was wrong. */
async function call({ runtime }: WatchedNode, command: string, sandbox: Sandbox, kubeconfig: string): Promise<string> {
  const { code, answer } = await runtime.call(command, sandbox, { kubeconfig, timeout: 20 });
  const { msg = "", details = "" } = (answer ?? {}) as { msg?: string; details?: string };
  return code === 0 ? "" : `${msg}: ${details}`;
}

Deno.test("netwatcher passes danm's requests on to the API server", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, sandbox } = await createScene(stack);
  assertStringIncludes(await call(node, "ADD", sandbox, leadingNowhere), "Cannot reach API server https://127.0.0.1:2");
  stack.use(await node.startNetwatcher());
  for (const command of ["ADD", "CHECK", "DEL"]) {
    assertEquals(await call(node, command, sandbox, leadingNowhere), "", command);
  }
});

Deno.test("netwatcher lends danm no rights", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, sandbox } = await createScene(stack);
  stack.use(await node.startNetwatcher());
  const powerless = await cluster.kubeconfigFor({ namespace: sandbox.pod.namespace, name: "powerless" });
  assertStringIncludes(await call(node, "ADD", sandbox, powerless), "powerless");
});

Deno.test("danm does without a netwatcher that was killed, or hangs", async () => {
  await using stack = new AsyncDisposableStack();
  const { node, sandbox } = await createScene(stack);
  await (await node.startNetwatcher())[Symbol.asyncDispose]();
  assertEquals(await call(node, "ADD", sandbox, kubeconfig), "");
  const frozen = stack.use(await node.startNetwatcher());
  Deno.kill(frozen.pid, "SIGSTOP");
  assertEquals(await call(node, "DEL", sandbox, kubeconfig), "");
});
