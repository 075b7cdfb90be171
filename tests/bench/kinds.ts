/** The same danm as a launcher and as a binary, as the installer puts them on a node and as they come from `make build`. */

import { parse } from "@std/yaml";
import { fromFileUrl } from "@std/path/posix";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import { createTestNode, type TestNode } from "../runtime/test_node.ts";
import { installDanm, useDanm } from "./installed_danm.ts";
import { processorTime } from "./processor_time.ts";
import { describe, report } from "./series.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const MEASURED = ["VERSION", "ADD", "DEL"] as const;

/** Rounds that are counted, after two that fill caches. */
const ROUNDS = 25;
const WARM_UP = 2;

/** Calls of one program. */
interface Calls {
  readonly durations: number[];
  /** Processor time of all of them and what they started, in ms. */
  cpu: number;
}

/**
 * Measures and prints. Kinds take turns call by call, so that they are compared whatever else the machine does; processor
 * time, which does not wait for others, tells them apart best.
 */
export async function benchKinds(): Promise<void> {
  await using cluster = await startCluster();
  await applyManifests(cluster, `${ROOT}/manifests/danm/rbac.yaml`);
  const kubeconfig = await cluster.kubeconfigFor({ namespace: "kube-system", name: "danm" });
  const json = `${kubeconfig}.json`; // as the installer writes it
  await Deno.writeTextFile(json, JSON.stringify(parse(await Deno.readTextFile(kubeconfig))));
  await using node = await createTestNode(cluster, json);
  await node.createNetwork("bench", { cidr: "10.64.0.0/22" });
  const kinds = new Map([
    ["launcher on a node", await installDanm(node, "bin/launchers/node")],
    ["binary on a node", await installDanm(node, "bin/node")],
    ["launcher", `${ROOT}/bin/launchers/danm`],
    ["binary", `${ROOT}/bin/danm`],
  ]);
  const calls = new Map<string, Calls>();
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const [kind, path] of kinds) await measure(node, kind, path, round < WARM_UP ? undefined : calls);
  }
  for (const command of MEASURED) {
    for (const kind of kinds.keys()) {
      const { durations, cpu } = calls.get(`${kind} ${command}`)!;
      report(`${command}, ${kind}`, describe(durations), `processor ${(cpu / durations.length).toFixed(1)}`);
    }
  }
}

async function measure(
  node: TestNode,
  kind: string,
  path: string,
  calls: Map<string, Calls> | undefined,
): Promise<void> {
  await using container = await node.createContainer([{ network: "bench", ip: "dynamic" }]);
  for (const command of MEASURED) {
    const before = await processorTime("self");
    const { code, ms } = await callAs(node, path, command, container.sandbox);
    if (code !== 0) throw new Error(`Cannot measure the ${kind}: ${command} ended with exit code ${code}`);
    if (calls === undefined) continue;
    const key = `${kind} ${command}`;
    const { durations, cpu } = calls.get(key) ?? { durations: [], cpu: 0 };
    calls.set(key, {
      durations: [...durations, ms],
      cpu: cpu + (await processorTime("self")).children - before.children,
    });
  }
}

/** Calls the program at `path` as the node's danm. */
async function callAs(node: TestNode, path: string, command: string, sandbox: Sandbox) {
  await useDanm(node, path);
  return await node.runtime.call(command, sandbox);
}
