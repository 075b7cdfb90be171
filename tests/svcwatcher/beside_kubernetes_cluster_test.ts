/** Beside Kubernetes' own controllers, and as a client in the cluster sees it. */

import { assert, assertEquals } from "@std/assert";
import { type Endpoint, ENDPOINT_SLICES, type EndpointPort, type EndpointSlice } from "../../lib/api/endpoint_slice.ts";
import { ENDPOINTS } from "../../lib/api/endpoints.ts";
import { eventually } from "../cluster/eventually.ts";
import { startControllers } from "./kubernetes_controllers.ts";
import { startResolver } from "./resolver.ts";
import { openServiceScene, type PodWish, type ServiceScene, soon } from "./service_scene.ts";
import { startServiceCluster, startSvcwatcherProcess } from "./svcwatcher_process.ts";

const cluster = await startServiceCluster();
const controllers = await startControllers(cluster);
const resolver = await startResolver(cluster);
await createNode("node-1", false, "zone-a");
await createNode("node-2");
Deno.test.afterAll(async () => {
  await resolver[Symbol.asyncDispose]();
  await controllers[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** A node that was never heard of, or that was ready when it was last heard of: then it is lost seconds later. */
async function createNode(name: string, wasReady = false, zone?: string): Promise<void> {
  using admin = cluster.client();
  const labels = { ...(zone && { "topology.kubernetes.io/zone": zone }) };
  const node = {
    metadata: { name, labels },
    ...(wasReady && { status: { conditions: [{ type: "Ready", status: "True" }] } }),
  };
  await admin.create({ group: "", version: "v1", plural: "nodes" }, node, soon());
}

/** Waits until `look` returns the same as `expected`, compared as JSON. */
async function becomes<T>(what: string, expected: T, look: () => Promise<T>): Promise<void> {
  await eventually(what, async () => {
    const found = JSON.stringify(await look());
    if (found === JSON.stringify(expected)) return true;
    throw new Error(`it is ${found}, must be ${JSON.stringify(expected)}`);
  });
}

/** A Service that Kubernetes' own controllers fill: with the same Pods, whose address is that of their interface. */
async function createTwin(scene: ServiceScene, name: string, spec: object = {}): Promise<void> {
  await scene.createService(name, {}, { selector: { app: "web" }, ...spec });
  await scene.changeService(name, { metadata: { annotations: null } });
}

async function createTwoStackPod(scene: ServiceScene, number: number, wish: PodWish = {}) {
  const pod = await scene.createPod(wish);
  const [ip, ip6] = [`10.0.0.${number}`, `2001:db8::${number}`];
  await scene.attach(pod, { ip: `${ip}/24`, ip6: `${ip6}/64` });
  const body = { status: { podIP: ip, podIPs: [{ ip }, { ip: ip6 }] } };
  const ref = { group: "", version: "v1", plural: "pods", namespace: scene.namespace, name: pod.name };
  await scene.admin.patch({ ...ref, subresource: "status" }, { type: "merge", body }, soon());
  return pod;
}

/** What readers of slices see, in an order of its own; not who made them. */
async function content(scene: ServiceScene, service: string): Promise<unknown> {
  const slices = await scene.slices(service);
  return slices.filter(({ endpoints }) => endpoints?.length).map(({ addressType, endpoints, ports, metadata }) => {
    const { "endpointslice.kubernetes.io/managed-by": _, "kubernetes.io/service-name": __, ...labels } = metadata
      .labels!;
    const inOrder = (endpoints ?? []).toSorted((a, b) => a.addresses[0]! < b.addresses[0]! ? -1 : 1);
    return { addressType, labels: sorted(labels), endpoints: inOrder.map(endpointContent), ports: portContent(ports) };
  }).toSorted((a, b) => a.addressType < b.addressType ? -1 : 1);
}

async function legacyContent(scene: ServiceScene, name: string): Promise<unknown> {
  return (await scene.endpoints(name))?.subsets?.map((subset) => ({ ...subset, ports: portContent(subset.ports) }));
}

/** The order of ports has no meaning. */
function portContent(ports: readonly EndpointPort[] | null | undefined): string[] | undefined {
  return ports?.map((port) => JSON.stringify(sorted(port))).sort();
}

function endpointContent({ addresses, conditions, hostname, nodeName, targetRef, zone, hints }: Endpoint) {
  const place = { nodeName, zone, hints: sorted(hints ?? {}) };
  return { addresses, conditions: sorted(conditions ?? {}), hostname, ...place, targetRef: sorted(targetRef ?? {}) };
}

function sorted<T extends object>(object: T) {
  return Object.entries(object).toSorted(([a], [b]) => a < b ? -1 : 1);
}

Deno.test("svcwatcher says of Pods what Kubernetes itself says of them", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster, ["--leader-elect=false", "--endpoints"]);
  const dualStack = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
  const specs: Readonly<Record<string, object>> = {
    plain: dualStack,
    all: { ...dualStack, publishNotReadyAddresses: true, ports: [{ name: "sig", port: 2905, protocol: "SCTP" }] },
    six: {
      ipFamilyPolicy: "SingleStack",
      ipFamilies: ["IPv6"],
      ports: [{ name: "a", port: 80, appProtocol: "http" }, { name: "b", port: 80, protocol: "UDP" }],
    },
    bare: { ...dualStack, ports: [] },
    proxied: { ...dualStack, clusterIP: null, ports: [{ port: 80 }] },
    near: { ...dualStack, clusterIP: null, ports: [{ port: 80 }], trafficDistribution: "PreferClose" },
    zonal: { ...dualStack, clusterIP: null, ports: [{ port: 80 }], trafficDistribution: "PreferSameZone" },
    local: { ...dualStack, clusterIP: null, ports: [{ port: 80 }], trafficDistribution: "PreferSameNode" },
  };
  const running = await createTwoStackPod(scene, 1);
  await createTwoStackPod(scene, 2, { ready: false, nodeName: "node-2" });
  await createTwoStackPod(scene, 3, { hostname: "h3", subdomain: "plain" });
  const ending = await createTwoStackPod(scene, 4);
  const over = await createTwoStackPod(scene, 5);
  await scene.terminatePod(ending);
  await scene.setStatus(over, false, "Succeeded");
  for (const [name, spec] of Object.entries(specs)) {
    // One after the other under one name, which SRV records and host names depend on.
    await createTwin(scene, name, spec);
    await scene.changeService(name, { metadata: { labels: { team: "x" } } });
    const own = await eventually("see Kubernetes' own slices and Endpoints", async () => {
      const slices = await scene.slices(name);
      const isAll = slices.length > 0 && slices.every(({ endpoints, metadata: { labels } }) => {
        return endpoints?.length === 4 && labels?.team === "x";
      });
      const legacy = await scene.endpoints(name);
      return isAll && legacy?.metadata.labels?.team === "x"
        ? [await content(scene, name), await legacyContent(scene, name)]
        : undefined;
    });
    await scene.deleteService(name);
    await scene.publishes(name);
    await scene.createService(name, { network: "net" }, spec);
    await scene.changeService(name, { metadata: { labels: { team: "x" } } });
    await becomes(`see the same slices of ${name}`, own[0], () => content(scene, name));
    await becomes(`see the same Endpoints of ${name}`, own[1], () => legacyContent(scene, name));
    await scene.deleteService(name);
  }
  await scene.removePod(running);
});

Deno.test("svcwatcher has its slices and Endpoints to itself, and nobody mirrors them", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster, ["--leader-elect=false", "--endpoints"]);
  await createTwoStackPod(scene, 1);
  await scene.createService("web", { network: "net" });
  await scene.publishes("web", "10.0.0.1", "2001:db8::1");
  await eventually("see Endpoints", async () => await scene.endpoints("web"));
  const state = async () => {
    const objects = [...await scene.slices("web"), await scene.endpoints("web")];
    return objects.map((object) => `${object?.metadata.name} ${object?.metadata.resourceVersion}`);
  };
  const before = await state();
  assertEquals(before.length, 3);

  // What each of the controllers does after having seen all of the above.
  await createTwin(scene, "twin");
  await scene.createService("by-hand", {}, {});
  const legacy = {
    metadata: { name: "by-hand" },
    subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ port: 1 }] }],
  };
  await scene.admin.create({ ...ENDPOINTS, namespace: scene.namespace }, legacy, soon());
  await scene.publishes("by-hand", "192.0.2.1");
  await scene.publishes("twin", "10.0.0.1");
  await scene.createService("later", { network: "net" });
  await scene.publishes("later", "10.0.0.1", "2001:db8::1");
  assertEquals(await state(), before);
  const managers = (await scene.slices("web")).map(({ metadata }) =>
    metadata.labels?.["endpointslice.kubernetes.io/managed-by"]
  );
  assertEquals(managers, ["svcwatcher.danm.k8s.io", "svcwatcher.danm.k8s.io"]);
});

Deno.test("svcwatcher gives way to Kubernetes when a Service gets a selector, and takes over when it loses it", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster);
  const pod = await createTwoStackPod(scene, 1);
  await scene.attach(pod, { network: "b", ip: "10.1.0.1/24" });
  await scene.createService("web", { network: "b" });
  await scene.publishes("web", "10.1.0.1");
  await scene.changeService("web", { spec: { selector: { app: "web" } } });
  await scene.publishes("web", "10.0.0.1", "2001:db8::1");
  await scene.changeService("web", { spec: { selector: null } });
  // Kubernetes leaves what it made, slices and Endpoints, and mirrors the latter from now on.
  await scene.publishes("web", "10.0.0.1", "2001:db8::1", "10.0.0.1", "10.1.0.1");
  const inNamespace = `--namespace=${scene.namespace}`;
  await cluster.kubectl("delete", "endpoints", "web", inNamespace);
  const theirs =
    "kubernetes.io/service-name=web,endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io";
  await cluster.kubectl("delete", "endpointslices", `--selector=${theirs}`, inNamespace);
  await scene.publishes("web", "10.1.0.1");
});

Deno.test("svcwatcher keeps a Pod on a lost node, as not ready", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster);
  const lost = `node-${scene.namespace}`;
  await scene.createService("web", { network: "net" });
  const pod = await scene.createPod({ nodeName: lost });
  await scene.attach(pod, { ip: "10.0.0.1/24" });
  await scene.publishes("web", ["10.0.0.1", "ready", "serving"]);
  await createNode(lost, true);
  await scene.publishes("web", ["10.0.0.1"]);
});

Deno.test("svcwatcher leaves nothing that a deleted Service keeps, even when it is down", async () => {
  using scene = await openServiceScene(cluster);
  await createTwoStackPod(scene, 1);
  await scene.createService("web", { network: "net" });
  {
    await using _svcwatcher = await startSvcwatcherProcess(cluster, ["--leader-elect=false", "--endpoints"]);
    await scene.publishes("web", "10.0.0.1", "2001:db8::1");
    await eventually("see Endpoints", async () => await scene.endpoints("web"));
  }
  await scene.deleteService("web");
  await scene.publishes("web");
  await eventually("see no Endpoints", async () => await scene.endpoints("web") === undefined || undefined);
});

Deno.test("svcwatcher lets a namespace go", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster);
  await scene.createService("web", { network: "net" });
  const pod = await scene.createPod();
  await scene.attach(pod, { ip: "10.0.0.1/24" });
  await scene.publishes("web", "10.0.0.1");
  await scene.removePod(pod);
  const namespace = { group: "", version: "v1", plural: "namespaces", name: scene.namespace };
  await scene.admin.delete(namespace, soon());
  await eventually(
    "see the namespace gone",
    () => scene.admin.get(namespace, soon()).then(() => undefined, () => true),
  );
  const left = await scene.admin.list<EndpointSlice>(ENDPOINT_SLICES, soon());
  assert(left.items.every(({ metadata }) => metadata.namespace !== scene.namespace));
});

Deno.test("svcwatcher makes names resolve to the interfaces on the network of their Service", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcherProcess(cluster);
  const ns = scene.namespace;
  const one = await scene.createPod({ hostname: "one", subdomain: "internal" });
  await scene.attach(one, { network: "in", ip: "10.0.0.1/24", ip6: "2001:db8::1/64" });
  await scene.attach(one, { network: "out", kind: "ClusterNetwork", ip: "192.0.2.1/24" });
  const two = await scene.createPod();
  await scene.attach(two, { network: "in", ip: "10.0.0.2/24" });
  await scene.attach(two, { network: "out", kind: "ClusterNetwork", ip: "192.0.2.2/24" });
  const ports = [{ name: "sig", port: 2905, protocol: "SCTP" }, { name: "http", port: 80 }];
  await scene.createService("internal", { network: "in" }, { ports });
  await scene.createService("external", { clusterNetwork: "out" });
  await scene.createService("nowhere", { network: "none" });
  const gets = (name: string, type: "A" | "AAAA" | "SRV", ...expected: readonly string[]) =>
    becomes(
      `resolve ${name} ${type}`,
      expected,
      () => resolver.resolve(name.replace(/NS$/, ns), type).then((all) => [...all]),
    );
  await gets("internal.NS", "A", "10.0.0.1", "10.0.0.2");
  await gets("internal.NS", "AAAA", "2001:db8::1");
  await gets("one.internal.NS", "A", "10.0.0.1");
  await gets("one.internal.NS", "AAAA", "2001:db8::1");
  await gets(
    "_sig._sctp.internal.NS",
    "SRV",
    `2905 10-0-0-2.internal.${ns}.svc.cluster.local.`,
    `2905 one.internal.${ns}.svc.cluster.local.`,
  );
  await gets("external.NS", "A", "192.0.2.1", "192.0.2.2");
  await gets("external.NS", "AAAA");
  await gets("nowhere.NS", "A");
  await scene.setStatus(one, false);
  await gets("internal.NS", "A", "10.0.0.2");
  await scene.changeService("internal", { spec: { publishNotReadyAddresses: true } });
  await gets("internal.NS", "A", "10.0.0.1", "10.0.0.2");
  await scene.terminatePod(two);
  await gets("external.NS", "A");
  await gets("internal.NS", "A", "10.0.0.1", "10.0.0.2");
});
