/**
 * How long danm takes to attach and detach, by itself and with the agent, beside the reference macvlan plugin with
 * host-local in the same run.
 */

import { parse } from "@std/yaml";
import { fromFileUrl } from "@std/path/posix";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { startFaultProxy } from "../cluster/fault_proxy.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { DaemonProcess } from "../runtime/daemon_process.ts";
import { createTestNode, DANM_ACCOUNT, startAgent, type TestNode } from "../runtime/test_node.ts";
import { attachPods, type Round } from "./attach_pods.ts";
import { type AttachFigure, drawAttach } from "./draw_attach.ts";
import { installDanm, useDanm } from "./installed_danm.ts";
import { processorTime } from "./processor_time.ts";
import { quantile, report } from "./series.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** Where the figures are written, as JSON and as a drawing. */
const OUTPUT = `${ROOT}/bin/bench`;

/** Calls of one kind, one after the other; and before them, what fills caches. */
const ROUNDS = 15;
const WARM_UP = 2;

/** Pods, how many of them at once, and with how many interfaces. */
const STORMS = [[64, 4, 1], [64, 8, 1], [64, 16, 1], [128, 32, 1], [64, 8, 3]] as const;

/** All Pods of a /24, at once. */
const EXACT_FIT = { cidr: "10.67.0.0/24", pods: 254, width: 32 };

/** Measures, prints, and writes the figures down. */
export async function benchAttach(): Promise<void> {
  await using cluster = await startCluster();
  await applyManifests(cluster, `${ROOT}/manifests/danm/rbac.yaml`, `${ROOT}/manifests/netwatcher`);
  await using node = await createTestNode(cluster, await jsonOf(await cluster.kubeconfigFor(DANM_ACCOUNT)));
  await useDanm(node, await installDanm(node, "bin/node"));
  await node.createNetwork("bench", { cidr: "10.64.0.0/22" });
  await node.createNetwork("exact", { cidr: EXACT_FIT.cidr });
  const figures: AttachFigure[] = [];
  const keep = (figure: AttachFigure) => {
    figures.push(figure);
    print(figure);
  };
  keep(figureOf("floor", [ROUNDS, 1, 1], await reference(node, ROUNDS), { own: 0, children: 0 }));
  await measure("alone", node, undefined, keep);
  await using agent = await startAgent(node);
  report("the agent's memory, idle", await memoryOf(agent));
  await measure("agent", node, agent, keep);
  report("the agent's memory, afterwards", await memoryOf(agent));
  await countRequests(cluster);
  await Deno.mkdir(OUTPUT, { recursive: true });
  await Deno.writeTextFile(`${OUTPUT}/attach.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
  await Deno.writeTextFile(`${OUTPUT}/attach.svg`, drawAttach(figures));
}

/** A kubeconfig as the installer writes it. */
async function jsonOf(kubeconfig: string): Promise<string> {
  const path = `${kubeconfig}.json`;
  await Deno.writeTextFile(path, JSON.stringify(parse(await Deno.readTextFile(kubeconfig))));
  return path;
}

async function measure(
  way: AttachFigure["way"],
  node: TestNode,
  agent: DaemonProcess | undefined,
  keep: (figure: AttachFigure) => void,
): Promise<void> {
  const run = async (network: string, pods: number, width: number, interfaces: number) => {
    const time = async () => ({
      children: (await processorTime("self")).children,
      own: agent ? Object.values(await processorTime(agent.pid)).reduce((sum, each) => sum + each) : 0,
    });
    const before = await time();
    const round = await attachPods(node, network, pods, width, interfaces);
    const after = await time();
    const spent = { own: after.own - before.own, children: after.children - before.children };
    return figureOf(way, [pods, width, interfaces], round, spent);
  };
  await run("bench", WARM_UP, 1, 1);
  for (const interfaces of [1, 3, 8]) keep(await run("bench", ROUNDS, 1, interfaces));
  for (const [pods, width, interfaces] of STORMS) keep(await run("bench", pods, width, interfaces));
  keep(await run("exact", EXACT_FIT.pods, EXACT_FIT.width, 1));
}

function figureOf(
  way: AttachFigure["way"],
  [pods, width, interfaces]: readonly [number, number, number],
  round: Round,
  { own, children }: { readonly own: number; readonly children: number },
): AttachFigure {
  const of = (durations: readonly number[]) => {
    const [p50, p90, max] = [0.5, 0.9, 1].map((q) => Math.round(10 * quantile(durations, q)) / 10);
    return { p50: p50!, p90: p90!, max: max! };
  };
  const doubles = round.addresses.length - new Set(round.addresses).size;
  return {
    way,
    pods,
    width,
    interfaces,
    add: of(round.add),
    del: of(round.del),
    wallMs: Math.round(round.wall),
    failed: round.failed,
    doubles,
    processorMs: Math.round((own + children) / pods),
  };
}

function print({ way, pods, width, interfaces, add, del, wallMs, failed, doubles, processorMs }: AttachFigure): void {
  const text = ({ p50, p90, max }: AttachFigure["add"]) => `p50 ${p50} p90 ${p90} max ${max}`;
  report(
    `${way}, ${pods} Pods x ${interfaces}, ${width} at once`,
    `ADD ${text(add)}`,
    `DEL ${text(del)}`,
    `wall ${(wallMs / 1000).toFixed(1)} s`,
    `failed ${failed} doubles ${doubles}`,
    `processor ${processorMs} a Pod`,
  );
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

/** Resident now, and at most so far. */
async function memoryOf({ pid }: DaemonProcess): Promise<string> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const [now, most] = ["VmRSS", "VmHWM"].map((key) =>
    Math.round(Number(RegExp(`${key}:\\s+(\\d+)`).exec(status)![1]) / 1024)
  );
  return `${now} MB, at most ${most} MB`;
}

/** Requests of an ADD and a DEL, by verb and resource: alone, and with an agent. */
async function countRequests(cluster: Cluster): Promise<void> {
  await using proxy = await startFaultProxy(cluster);
  await using node = await createTestNode(cluster, proxy.kubeconfig);
  await node.createNetwork("bench", { cidr: "10.66.0.0/28" }); // of one block
  await using stack = new AsyncDisposableStack();
  for (const way of ["alone", "agent"]) {
    if (way === "agent") stack.use(await startAgent(node));
    for (const interfaces of [1, 3]) {
      const requests = Array.from({ length: interfaces }, () => ({ network: "bench", ip: "dynamic" }));
      await using first = await node.createContainer(requests);
      await node.attach(first); // makes the block
      await node.detach(first);
      await using container = await node.createContainer(requests);
      for (const command of ["attach", "detach"] as const) {
        proxy.reset();
        await node[command](container);
        const kinds = proxy.requests.map(({ method, path }) =>
          `${method} ${/\/(pods|\w+nets|addressblocks|danmeps)\b/.exec(path)?.[1]}`
        );
        const counts = [...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => `${all.length} ${kind}`);
        report(`${way}, ${interfaces} interface(s), requests of ${command}`, `${kinds.length}: ${counts.join(", ")}`);
      }
    }
  }
}
