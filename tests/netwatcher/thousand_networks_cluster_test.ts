/** A thousand networks on a node: what netwatcher needs for them does not grow with their number. */

import { assert, assertEquals } from "@std/assert";
import { apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode } from "./watched_node.ts";

const COUNT = 1000;
/** Processes and threads that netwatcher may start for all of them: a few of ip(8), and those of Deno itself. */
const FEW = 150;

/** How many processes and threads there have been in the process namespace that `pid` made. Source: proc(5), ns_last_pid. */
async function startedBelow(pid: number): Promise<number> {
  const args = [`--pid=/proc/${pid}/ns/pid_for_children`, "--", "cat", "/proc/sys/kernel/ns_last_pid"];
  const { stdout } = await new Deno.Command("nsenter", { args }).output();
  return Number(new TextDecoder().decode(stdout));
}

Deno.test(`netwatcher makes and keeps ${COUNT} links with a few processes`, async () => {
  await using cluster = await sharedCluster();
  using client = cluster.client();
  await applyNetworkCrds(cluster);
  await using node = await createWatchedNode(cluster, await applyNetwatcher(cluster));
  await node.netns.ip("link", "add", "many0", "type", "veth", "peer", "name", "many1");
  await node.netns.ip("link", "set", "many0", "up");
  const ref = { ...resourceFor("DanmNet", DEFAULT_API_GROUP), namespace: await cluster.createNamespace() };
  const numbers = Array.from({ length: COUNT }, (_, index) => index);
  const signal = AbortSignal.timeout(120_000);
  const create = (index: number) =>
    client.create(ref, {
      apiVersion: apiVersionOf(DEFAULT_API_GROUP),
      kind: "DanmNet",
      metadata: { name: `net-${index}` },
      spec: { NetworkID: `n${index}`, Options: { host_device: "many0", vxlan: 100_000 + index } },
    }, { signal });
  for (let start = 0; start < COUNT; start += 50) await Promise.all(numbers.slice(start, start + 50).map(create));
  try {
    // A process namespace of its own counts what is started in it.
    await using netwatcher = await node.startNetwatcher(["unshare", "--pid", "--fork", "--kill-child"]);
    const made = async () => (await node.links()).filter(({ kind, up }) => kind === "vxlan" && up).length;
    await eventually("see all links", async () => await made() >= COUNT || undefined, 1000);
    const atFirst = await startedBelow(netwatcher.pid);
    assert(atFirst < FEW, `${atFirst} processes were started to make them`);
    await node.netns.ip("link", "del", "vx_n7");
    await node.link("vx_n7", ({ up }) => up);
    const later = await startedBelow(netwatcher.pid) - atFirst;
    assert(later < FEW, `${later} processes were started to make one again`);
    assertEquals(await made(), COUNT);
  } finally {
    await cluster.kubectl("delete", "namespace", ref.namespace, "--wait=false");
    await cluster.kubectl("delete", "danmnets.danm.k8s.io", "--all", "--namespace", ref.namespace, "--wait=false");
  }
});
