/**
 * What the netwatchers of many nodes together ask of the API server: the parts of them that follow it, all in this process,
 * each with a client of its own as on a node.
 */

import { Registry } from "prom-client";
import { resourceFor } from "../../lib/api/resource.ts";
import type { Daemon } from "../../lib/controller/daemon.ts";
import { createHealth } from "../../lib/controller/health.ts";
import { createMeters } from "../../lib/controller/meters.ts";
import { followDefinitions, followNetworks } from "../../lib/controller/netwatcher/follow_link_sources.ts";
import { followOwnPods } from "../../lib/controller/netwatcher/remember_objects.ts";
import { createDaemonClient } from "../../lib/kube/client/daemon_client.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { createPod } from "../runtime/test_pod.ts";
import { inParallel, report } from "./series.ts";

const NODES = 1000;
const NETWORKS = 20;

/** How long nothing happens, in seconds. */
const IDLE_S = 60;

const MANIFESTS = ["crds/lightweight", "manifests/definitions", "manifests/netwatcher/rbac.yaml"]
  .map((path) => new URL(`../../${path}`, import.meta.url).pathname);

/** What follows the API server on one node. */
interface Follower {
  readonly node: string;
  readonly pods: ReturnType<typeof followOwnPods>;
  readonly networks: ReturnType<typeof followNetworks>;
  readonly isCurrent: () => boolean;
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

/** Measures and prints. */
export async function benchManyAgents(): Promise<void> {
  await using cluster = await startCluster();
  await applyManifests(cluster, ...MANIFESTS);
  using client = cluster.client();
  const namespace = await cluster.createNamespace();
  const kubeconfig = await cluster.kubeconfigFor({ namespace: "kube-system", name: "netwatcher" });
  for (let index = 0; index < NETWORKS; index++) await createNetwork(client, namespace, `net-${index}`);
  const stop = new AbortController();
  const followers = Array.from({ length: NODES }, (_, index) => createFollower(kubeconfig, `node-${index}`));
  const meter = await startMeter(cluster);

  const running = followers.map(({ run }) => run(stop.signal));
  await eventually("see all of them follow", () => followers.every(({ isCurrent }) => isCurrent()) || undefined, 100);
  report(`${NODES} nodes start`, await meter.lap());

  await new Promise((resolve) => setTimeout(resolve, IDLE_S * 1000));
  report(`${IDLE_S} s in which nothing happens`, await meter.lap());

  const pods = (node: string) => createPod(client, namespace, [{ network: "net-0" }], undefined, node);
  await inParallel(followers, 4, async ({ node }) => void await pods(node));
  await eventually("see each its Pod", () => followers.every(({ pods }) => pods.size === 1) || undefined, 100);
  report(`${NODES} Pods, one a node`, await meter.lap());

  await createNetwork(client, namespace, "late");
  const late = `${namespace}/late`;
  await eventually(
    "see the network",
    () => followers.every(({ networks }) => networks.DanmNet.get(late)) || undefined,
    20,
  );
  report("one network more", await meter.lap());
  stop.abort();
  await Promise.allSettled(running);
}

async function createNetwork(client: KubeClient, namespace: string, name: string): Promise<void> {
  const collection = { ...resourceFor("DanmNet", "danm.k8s.io"), namespace };
  const spec = { NetworkType: "macvlan", NetworkID: name, Options: { host_device: "eth0", cidr: "10.0.0.0/16" } };
  const network = { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata: { name }, spec };
  await client.create(collection, network, { signal: AbortSignal.timeout(60_000) });
}

function createFollower(kubeconfig: string, node: string): Follower {
  const registry = new Registry();
  const config = () => loadKubeconfig(kubeconfig);
  const daemon: Daemon = {
    name: "netwatcher",
    identity: node,
    apiGroup: "danm.k8s.io",
    kube: createDaemonClient(config, { program: "danm-netwatcher" }),
    config,
    namespace: "kube-system",
    log: { write() {}, [Symbol.dispose]() {} },
    events: { record() {} },
    health: createHealth(),
    registry,
    meters: createMeters(registry),
  };
  const pods = followOwnPods(daemon, node);
  const networks = followNetworks(daemon, () => {});
  const all = [pods, ...Object.values(networks), followDefinitions(daemon, () => {})];
  return {
    node,
    pods,
    networks,
    isCurrent: () => all.every(({ isCurrent, isAbsent }) => isCurrent || isAbsent),
    run: (signal) => Promise.all(all.map((informer) => informer.run(signal))),
  };
}

/** Counts what the API server is asked, and what that costs it. */
async function startMeter({ kubeconfig }: Cluster) {
  const { server, caPem, clientCertificate } = loadKubeconfig(kubeconfig);
  const { certPem: cert, keyPem: key } = clientCertificate!;
  const http = Deno.createHttpClient({ caCerts: [caPem!], cert, key });
  const read = async () => {
    const text = await (await fetch(`${server}/metrics`, { client: http })).text();
    const sum = (name: string, labels = "") =>
      text.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
        .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
    const single = (name: string) => Number(RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
    return {
      at: performance.now(),
      lists: sum("apiserver_request_total", 'verb="LIST"'),
      watches: sum("apiserver_request_total", 'verb="WATCH"'),
      others: sum("apiserver_request_total") - sum("apiserver_request_total", 'verb="LIST"') -
        sum("apiserver_request_total", 'verb="WATCH"'),
      open: sum("apiserver_longrunning_requests", 'verb="WATCH"'),
      listed: sum("apiserver_response_sizes_sum", 'verb="LIST"'),
      watched: sum("apiserver_watch_events_sizes_sum"),
      events: sum("apiserver_watch_events_total"),
      processor: single("process_cpu_seconds_total"),
      memory: single("process_resident_memory_bytes"),
    };
  };
  let before = await read();
  return {
    async lap(): Promise<string> {
      const now = await read();
      const since = (key: keyof typeof now) => now[key] - before[key];
      const parts = [
        `${(since("at") / 1000).toFixed(1)} s`,
        `${since("lists")} lists of ${kilobytes(since("listed"))}`,
        `${since("watches")} watches, ${now.open} open`,
        `${since("events")} events of ${kilobytes(since("watched"))}`,
        `${since("others")} other requests`,
        `API server: ${since("processor").toFixed(1)} s processor, ${Math.round(now.memory / 2 ** 20)} MB`,
      ];
      before = now;
      return parts.join("  ");
    },
  };
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
