/** How long danm takes to attach and detach, beside the reference macvlan plugin with host-local in the same run. */

import { parse } from "@std/yaml";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { startDaemon } from "../runtime/daemon_process.ts";
import { createTestNode, type TestNode } from "../runtime/test_node.ts";
import { attachPods, type Round } from "./attach_pods.ts";
import { describe, quantile, report } from "./series.ts";

/** Measures and prints: danm by itself, and beside a netwatcher, which lends it its connections to the API server. */
export async function benchAttach(): Promise<void> {
  await using cluster = await startCluster();
  await applyManifests(cluster, MANIFESTS("danm"), MANIFESTS("netwatcher"));
  await using node = await createTestNode(cluster, await jsonOf(await kubeconfigOf(cluster, "danm")));
  await node.createNetwork("bench", { cidr: "10.64.0.0/22" });
  const floor = await reference(node, 15);
  report("macvlan + host-local, ADD", describe(floor.add));
  report("macvlan + host-local, DEL", describe(floor.del));
  const floorMs = quantile(floor.add, 0.5);
  await measure("danm", node, floorMs);
  await using netwatcher = startDaemon(
    "netwatcher",
    `--kubeconfig=${await kubeconfigOf(cluster, "netwatcher")}`,
    `--node-name=${node.name}`,
    `--state-dir=${node.runtime.stateDir}`,
    `--cni-path=${node.runtime.binDir}`,
  );
  await netwatcher.says("serving attachments");
  await netwatcher.ready();
  await measure("danm + netwatcher", node, floorMs);
  await countRequests(cluster);
}

const MANIFESTS = (component: string) => new URL(`../../manifests/${component}`, import.meta.url).pathname;

async function kubeconfigOf(cluster: Cluster, name: string): Promise<string> {
  return await cluster.kubeconfigFor({ namespace: "kube-system", name });
}

/** A kubeconfig as the installer writes it. */
async function jsonOf(kubeconfig: string): Promise<string> {
  const path = `${kubeconfig}.json`;
  await Deno.writeTextFile(path, JSON.stringify(parse(await Deno.readTextFile(kubeconfig))));
  return path;
}

async function measure(what: string, node: TestNode, floorMs: number): Promise<void> {
  for (const interfaces of [1, 3, 8]) {
    const round = await attachPods(node, "bench", 15, 1, interfaces);
    const ratio = `${(quantile(round.add, 0.5) / floorMs).toFixed(1)} x floor`;
    report(`${what}, ${interfaces} interface(s), ADD`, describe(round.add), ratio);
    report(`${what}, ${interfaces} interface(s), DEL`, describe(round.del));
  }
  for (const [pods, width, interfaces] of [[64, 8, 1], [128, 32, 1], [64, 8, 3]] as const) {
    const round = await attachPods(node, "bench", pods, width, interfaces);
    const doubles = round.addresses.length - new Set(round.addresses).size;
    report(
      `${what}, ${pods} Pods x ${interfaces}, ${width} at once, ADD`,
      describe(round.add),
      `wall ${(round.wall / 1000).toFixed(1)} s`,
      `failed ${round.failed} doubles ${doubles}`,
    );
  }
}

/** The floor: what the plugin that danm delegates to takes with an IPAM that only writes a file. */
async function reference(node: TestNode, rounds: number): Promise<Round> {
  const config = {
    cniVersion: "1.0.0",
    name: "floor",
    type: "macvlan",
    master: node.parent,
    ipam: { type: "host-local", subnet: "10.65.0.0/22", dataDir: `${node.runtime.folder}/host-local` },
  };
  const round: Round = { add: [], del: [], failed: 0, addresses: [], wall: 0 };
  for (let i = 0; i < rounds; i++) {
    await using container = await node.createContainer();
    for (const [command, durations] of [["ADD", round.add], ["DEL", round.del]] as const) {
      const { code, ms } = await node.runtime.callPlugin("macvlan", command, container.sandbox, config);
      if (code !== 0) throw new Error(`Cannot measure the floor: macvlan exited with ${code} at ${command}`);
      durations.push(ms);
    }
  }
  return round;
}

async function countRequests(cluster: Cluster): Promise<void> {
  await using proxy = await startFaultProxy(cluster);
  await using node = await createTestNode(cluster, proxy.kubeconfig);
  await node.createNetwork("bench", { cidr: "10.66.0.0/28" }); // of one block
  for (const interfaces of [1, 3]) {
    const requests = Array.from({ length: interfaces }, () => ({ network: "bench", ip: "dynamic" }));
    await using first = await node.createContainer(requests);
    await node.attach(first); // makes the block
    await node.detach(first);
    await using container = await node.createContainer(requests);
    proxy.reset();
    await node.attach(container);
    const add = proxy.count({});
    await node.detach(container);
    report(`danm, ${interfaces} interface(s), API requests`, `ADD ${add}`, `DEL ${proxy.count({}) - add}`);
  }
}
