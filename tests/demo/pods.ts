/**
 * The Pods of the demonstration: two networks of one type, two Pods on both of them, attached by bin/danm exactly as a
 * container runtime does it; then everything taken away again.
 *
 * Usage, where the demonstration runs it in a virtual machine: deno run -A tests/demo/pods.ts NETWORK_TYPE
 */

import { networks, POD_ANNOTATION } from "./networks.ts";
import { heading, indent, show } from "./narrator.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import { type ContainerRuntime, createRuntime, type Sandbox } from "../runtime/container_runtime.ts";
import { createApiNamespace, createPod } from "../runtime/test_pod.ts";

/** A Pod of the demonstration and the namespace it runs in. */
interface DemoPod {
  readonly sandbox: Sandbox;
  readonly netns: TestNamespace;
}

/** Shows Pods on networks of `networkType`; what it makes is registered on `cleanUp`. */
export async function demonstratePods(
  cluster: Cluster,
  networkType: string,
  cleanUp: AsyncDisposableStack,
): Promise<void> {
  heading("A host interface to build on: one end of a veth pair");
  const parent = await makeParent(cleanUp);

  using client = cluster.client();
  const namespace = await createApiNamespace(client, "demo-");
  heading(`Two ${networkType} networks, as API objects`);
  const manifest = await Deno.makeTempFile({ suffix: ".yaml" });
  cleanUp.defer(() => Deno.remove(manifest));
  await Deno.writeTextFile(manifest, networks(parent, networkType));
  console.log(indent(networks(parent, networkType)));
  await kubectl(cluster, "apply", `--namespace=${namespace}`, `--filename=${manifest}`);

  const runtime = cleanUp.use(await createRuntime(cluster));
  const pods: DemoPod[] = [];
  for (const name of ["a", "b"]) {
    heading(`Pod ${name}: what the runtime asks of danm, and what danm answers`);
    const pod = await createPod(client, namespace, POD_ANNOTATION);
    const netns = cleanUp.use(await createNamespace());
    const sandbox = { containerId: `demo-container-${name}`, netns: netns.path, pod };
    await call(runtime, "ADD", sandbox);
    pods.push({ sandbox, netns });
    await show("ip", "-netns", netns.name, "-brief", "address");
    await show("ip", "-netns", netns.name, "route");
    await show("ip", "-netns", netns.name, "-6", "route");
    await show("ip", "-netns", netns.name, "rule");
  }

  heading("The Pods reach each other on every network");
  const [a, b] = pods as [DemoPod, DemoPod];
  for (const address of await addressesOf(b)) {
    await show("ip", "netns", "exec", a.netns.name, "ping", "-c", "1", "-W", "2", address);
  }

  heading("What the cluster knows");
  await kubectl(cluster, "get", "danmnet,danmep,addressblock", "--all-namespaces");

  heading("Both Pods go");
  for (const { sandbox } of pods) await call(runtime, "DEL", sandbox);
  for (const { netns } of pods) await show("ip", "-netns", netns.name, "-brief", "address");
  await kubectl(cluster, "get", "danmep", "--all-namespaces");
  await kubectl(
    cluster,
    "get",
    "addressblock",
    "--output=custom-columns=NETWORK:.spec.network.name,BASE:.spec.base,TAKEN:.spec.allocations",
  );
}

async function makeParent(cleanUp: AsyncDisposableStack): Promise<string> {
  const parent = `demo${Deno.pid}`;
  const other = cleanUp.use(await createNamespace());
  await show("ip", "link", "add", parent, "type", "veth", "peer", "name", "uplink", "netns", other.name);
  await other.ip("link", "set", "uplink", "up");
  await show("ip", "link", "set", parent, "up");
  return parent;
}

async function call(runtime: ContainerRuntime, command: string, sandbox: Sandbox): Promise<void> {
  const { code, answer, stderr, ms } = await runtime.call(command, sandbox);
  console.log(`$ CNI_COMMAND=${command} CNI_CONTAINERID=${sandbox.containerId} danm    (${Math.round(ms)} ms)`);
  if (answer !== undefined) console.log(indent(JSON.stringify(answer, null, 2)));
  if (code !== 0) throw new Error(`Cannot ${command} ${sandbox.containerId}: danm exited with ${code} ${stderr}`);
}

async function kubectl(cluster: Cluster, ...args: readonly string[]): Promise<void> {
  console.log(`$ kubectl ${args.join(" ")}`);
  console.log(indent(await cluster.kubectl(...args)) || "    No resources found");
}

/** Global addresses of all interfaces, without their prefix lengths. */
async function addressesOf({ netns }: DemoPod): Promise<string[]> {
  const links: { addr_info: { local: string; scope: string }[] }[] = JSON.parse(
    await netns.ip("-json", "addr", "show"),
  );
  return links.flatMap(({ addr_info }) =>
    addr_info.filter(({ scope }) => scope === "global").map(({ local }) => local)
  );
}

if (import.meta.main) {
  await using cluster = await sharedCluster();
  await using cleanUp = new AsyncDisposableStack();
  await demonstratePods(cluster, Deno.args[0] ?? "macvlan", cleanUp);
}
