/** The demonstration of manifests/examples: applied as it is, with all of DANM at work and kubelet's part played here. */

import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import type { Result } from "../../lib/cni/result.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { eventually } from "../cluster/eventually.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import { applyNetwatcher } from "../netwatcher/test_cluster.ts";
import { createWatchedNode, type WatchedNode } from "../netwatcher/watched_node.ts";
import { startControllers } from "./kubernetes_controllers.ts";
import { type Resolver, startResolver } from "./resolver.ts";
import { soon } from "./service_scene.ts";
import { startServiceCluster, startSvcwatcherProcess } from "./svcwatcher_process.ts";

const EXAMPLE = fromFileUrl(new URL("../../manifests/examples/service_discovery", import.meta.url));
const PODS = { group: "", version: "v1", plural: "pods" };

interface PodView {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: { readonly app: string };
    readonly deletionTimestamp?: string;
  };
}

/** A Pod that runs, as far as its network goes. */
interface RunningPod {
  readonly app: string;
  readonly name: string;
  readonly namespace: string;
  readonly netns: TestNamespace;
  /** By interface. */
  readonly addresses: Readonly<Record<string, readonly string[]>>;
}

/** Does what scheduler, kubelet and runtime do: puts a Pod on the node, attaches it, says that it is ready. */
async function run(client: KubeClient, node: WatchedNode, { metadata }: PodView, netns: TestNamespace) {
  const { name, namespace, labels: { app } } = metadata;
  const ref = { ...PODS, namespace, name };
  const binding = { metadata: { name }, target: { apiVersion: "v1", kind: "Node", name: node.name } };
  await client.create({ ...ref, subresource: "binding" }, binding, soon());
  const { code, answer } = await node.runtime.call("ADD", {
    containerId: name,
    netns: netns.path,
    pod: { namespace, name },
  });
  assertEquals(code, 0, JSON.stringify(answer));
  const { interfaces = [], ips = [] } = answer as Result;
  const own = interfaces.map((link, index) => {
    const addresses = ips.filter((ip) => ip.interface === index).map(({ address }) => address.split("/")[0]!);
    return [link.name, addresses] as const;
  });
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { phase: "Running", conditions, podIPs: own[0]![1].map((ip) => ({ ip })) };
  await client.patch({ ...ref, subresource: "status" }, { type: "merge", body: { status } }, soon());
  return { app, name, namespace, netns, addresses: Object.fromEntries(own) };
}

/** Waits until a client finds exactly the addresses that the Pods of `app` have on interface `link`. */
async function finds(resolver: Resolver, service: string, pods: readonly RunningPod[], app: string, link: string) {
  const all = pods.filter((pod) => pod.app === app).flatMap(({ addresses }) => addresses[link] ?? []);
  for (const [type, isOf] of [["A", /\./], ["AAAA", /:/]] as const) {
    const expected = all.filter((address) => isOf.test(address)).sort().join();
    await eventually(`resolve ${service} ${type} to ${expected}`, async () => {
      const found = (await resolver.resolve(`${service}.vnf`, type)).join();
      if (found === expected) return true;
      throw new Error(`it is ${found}`);
    });
  }
}

Deno.test("svcwatcher makes the example find each domain by its own network only", async () => {
  await using cluster = await startServiceCluster();
  await using _controllers = await startControllers(cluster);
  await using resolver = await startResolver(cluster);
  await using node = await createWatchedNode(cluster, await applyNetwatcher(cluster));
  await node.netns.ip("link", "add", "eth0", "type", "veth", "peer", "name", "peer0");
  for (const link of ["eth0", "peer0"]) await node.netns.ip("link", "set", link, "up");
  await using _netwatcher = await node.startNetwatcher();
  await using _svcwatcher = await startSvcwatcherProcess(cluster, ["--leader-elect=true"]);
  await using stack = new AsyncDisposableStack();
  using client = cluster.client();

  await cluster.kubectl("apply", `--filename=${EXAMPLE}`);
  for (const id of ["external", "management", "internal"]) await node.link(`vx_${id}`, ({ up }) => up);
  const created = await eventually("see all Pods", async () => {
    const { items } = await client.list<PodView>(PODS, soon());
    return items.length === 6 ? items : undefined;
  });
  const pods: RunningPod[] = [];
  for (const pod of created) pods.push(await run(client, node, pod, stack.use(await createNamespace())));

  await finds(resolver, "vnf-internal-processor", pods, "internal-processor", "int1");
  await finds(resolver, "vnf-internal-lb", pods, "load-balancer", "int1");
  await finds(resolver, "vnf-external-svc", pods, "load-balancer", "ext2");
  const [srv] = await resolver.resolve("_diameter._sctp.vnf-external-svc.vnf", "SRV");
  assertMatch(srv ?? "", /^3868 /);

  // What was found is reached on that network, and only from there.
  const [loadBalancer, outside] = ["load-balancer", "external-client"].map((app) =>
    pods.find((pod) => pod.app === app)!
  );
  const ping = (from: RunningPod, to: string) =>
    from.netns.run("ping", "-c1", "-W3", to).then(() => "reached", () => "not reached");
  for (const type of ["A", "AAAA"] as const) {
    for (const address of await resolver.resolve("vnf-external-svc.vnf", type)) {
      assertEquals([address, await ping(outside!, address)], [address, "reached"]);
    }
  }
  for (const address of await resolver.resolve("vnf-internal-processor.vnf", "A")) {
    assertEquals([address, await ping(loadBalancer!, address)], [address, "reached"]);
    assertEquals([address, await ping(outside!, address)], [address, "not reached"]);
  }

  // One goes: nobody finds it any more, on either network.
  await cluster.kubectl("scale", "deployment", "load-balancer", "--namespace=vnf", "--replicas=1");
  const left = await eventually("see one load balancer left", async () => {
    const { items } = await client.list<PodView>({ ...PODS, namespace: "vnf" }, soon());
    const staying = items.filter(({ metadata }) =>
      metadata.labels.app === "load-balancer" && !metadata.deletionTimestamp
    );
    return staying.length === 1 ? staying[0] : undefined;
  });
  const remaining = pods.filter(({ app, name }) => app !== "load-balancer" || name === left?.metadata.name);
  await finds(resolver, "vnf-external-svc", remaining, "load-balancer", "ext2");
  await finds(resolver, "vnf-internal-lb", remaining, "load-balancer", "int1");
});
