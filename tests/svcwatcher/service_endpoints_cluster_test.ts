import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { openServiceScene } from "./service_scene.ts";
import { startServiceCluster, startSvcwatcher } from "./svcwatcher_process.ts";

const cluster = await startServiceCluster();
/** Without it the API server gives both families to a headless Service without a selector. */
const SINGLE_STACK = { ipFamilyPolicy: "SingleStack", ipFamilies: ["IPv4"] } as const;

Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

Deno.test("svcwatcher publishes the addresses that selected Pods have on the networks of a Service", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  const [web, db] = [await scene.createPod({ name: "web-0" }), await scene.createPod({ labels: { app: "db" } })];
  await scene.attach(web, { network: "other", ip: "10.9.0.1/24" });
  await scene.attach(web, { ip: "10.0.0.1/24", ip6: "2001:db8::1/64" });
  await scene.attach(web, { ip: "none", ip6: "none" });
  await scene.attach(db, { ip: "10.0.0.2/24" });
  await scene.createService("web", { network: "net" });
  const [v4, v6] = (await scene.publishes("web", "10.0.0.1", "2001:db8::1"))
    .toSorted((a, b) => a.addressType < b.addressType ? -1 : 1);
  assertEquals(v4?.endpoints, [{
    addresses: ["10.0.0.1"],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: "node-1",
    targetRef: { kind: "Pod", namespace: scene.namespace, name: "web-0", uid: web.uid },
  }]);
  assertEquals(v4?.ports, [{ name: "http", port: 80, protocol: "TCP" }]);
  assertEquals(v4?.metadata.labels, {
    "endpointslice.kubernetes.io/managed-by": "svcwatcher.danm.k8s.io",
    "kubernetes.io/service-name": "web",
    "service.kubernetes.io/headless": "",
  });
  assertEquals([v6?.addressType, v6?.endpoints?.length], ["IPv6", 1]);
});

Deno.test("svcwatcher follows Pods: conditions, labels, new interfaces, lost ones, the end", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  await scene.createService("web", { network: "net" });
  const pod = await scene.createPod({ ready: false });
  const first = await scene.attach(pod, { ip: "10.0.0.1/24" });
  await scene.publishes("web", ["10.0.0.1"]);
  await scene.setStatus(pod, true);
  await scene.publishes("web", ["10.0.0.1", "ready", "serving"]);
  await scene.attach(pod, { ip: "10.0.0.2/24" });
  await scene.publishes("web", "10.0.0.1", "10.0.0.2");
  await scene.detach(first);
  await scene.publishes("web", "10.0.0.2");
  await scene.changePod(pod, { metadata: { labels: { app: "other" } } });
  await scene.publishes("web");
  await scene.changePod(pod, { metadata: { labels: { app: "web" } } });
  await scene.publishes("web", "10.0.0.2");
  await scene.setStatus(pod, false);
  await scene.publishes("web", ["10.0.0.2"]);
  await scene.setStatus(pod, true);
  await scene.terminatePod(pod);
  await scene.publishes("web", ["10.0.0.2", "serving", "terminating"]);
  await scene.removePod(pod);
  await scene.publishes("web");

  const done = await scene.createPod();
  await scene.attach(done, { ip: "10.0.0.3/24" });
  await scene.publishes("web", "10.0.0.3");
  await scene.setStatus(done, false, "Succeeded");
  await scene.publishes("web");
});

Deno.test("svcwatcher takes a Pod that was made again under its name for another one", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  await scene.createService("web", { network: "net" });
  const before = await scene.createPod({ name: "web-0" });
  await scene.attach(before, { ip: "10.0.0.1/24" });
  await scene.publishes("web", "10.0.0.1");
  await scene.removePod(before);
  await scene.publishes("web");
  const after = await eventually("make the Pod again", () => scene.createPod({ name: "web-0" }));
  await scene.attach(after, { ip: "10.0.0.2/24" }); // the DanmEp of the first one is still there
  const [slice] = await scene.publishes("web", "10.0.0.2");
  assertEquals(slice?.endpoints?.[0]?.targetRef?.uid, after.uid);
});

Deno.test("svcwatcher publishes a static Pod's addresses, whichever copy of it the API has", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  await scene.createService("web", { network: "net" });
  const mirrorOf = crypto.randomUUID().replaceAll("-", "");
  const first = await scene.createPod({ name: "proxy-node-1", mirrorOf });
  await scene.attach({ ...first, uid: mirrorOf }, { ip: "10.0.0.1/24" });
  await scene.publishes("web", "10.0.0.1");
  await scene.removePod(first);
  await scene.publishes("web");
  const second = await scene.createPod({ name: "proxy-node-1", mirrorOf });
  const [slice] = await scene.publishes("web", "10.0.0.1");
  assertEquals(slice?.endpoints?.[0]?.targetRef?.uid, second.uid, "the Pod that there is to look at");
});

Deno.test("svcwatcher publishes what a Pod's newest sandbox has, and nothing of those before", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  await scene.createService("web", { network: "net" });
  const pod = await scene.createPod();
  await scene.attach(pod, { ip: "10.0.0.1/24" });
  await scene.attach(pod, { ip: "10.0.0.2/24", network: "other" });
  await scene.publishes("web", "10.0.0.1");
  const elsewhere = await scene.attach(pod, { ip: "10.0.0.3/24", network: "other", containerId: "c2" });
  await scene.publishes("web");
  const next = await scene.attach(pod, { ip: "10.0.0.4/24", containerId: "c2" });
  await scene.publishes("web", "10.0.0.4");
  for (const each of [next, elsewhere]) await scene.detach(each);
  await scene.publishes("web", "10.0.0.1");
});

Deno.test("svcwatcher follows Services: networks, families, ports, labels, readiness, selectors", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  const pod = await scene.createPod({ ready: false, labels: { app: "web", tier: "front" } });
  await scene.attach(pod, { ip: "10.0.0.1/24", ip6: "2001:db8::1/64" });
  await scene.attach(pod, { network: "b", ip: "10.0.1.1/24" });
  await scene.attach(pod, { network: "net", kind: "TenantNetwork", ip: "10.0.2.1/24" });
  await scene.attach(pod, { network: "c", kind: "ClusterNetwork", ip: "10.0.3.1/24" });
  await scene.createService("web", { network: "net" }, SINGLE_STACK);
  await scene.publishes("web", ["10.0.0.1"]);
  const annotate = (annotations: object) => scene.changeService("web", { metadata: { annotations } });
  await annotate({ "danm.k8s.io/network": "net, b" });
  await scene.publishes("web", "10.0.0.1", "10.0.1.1");
  await annotate({ "danm.k8s.io/network": null, "danm.io/tenantNetwork": "net" });
  await scene.publishes("web", "10.0.2.1");
  await annotate({ "danm.k8s.io/clusterNetwork": "c" });
  await scene.publishes("web", "10.0.2.1", "10.0.3.1");
  await annotate({ "danm.k8s.io/selector": '{"app":"web"},{"tier":"back"}' });
  await scene.publishes("web");
  await annotate({ "danm.k8s.io/selector": '{"app":"web"},{"tier":"front"}', "danm.k8s.io/clusterNetwork": null });
  await scene.publishes("web", ["10.0.2.1"]);
  await scene.changeService("web", { spec: { publishNotReadyAddresses: true } });
  await scene.publishes("web", ["10.0.2.1", "ready"]);
  await annotate({ "danm.io/tenantNetwork": null, "danm.k8s.io/network": "net" });
  await scene.changeService("web", { spec: { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] } });
  await scene.publishes("web", "10.0.0.1", "2001:db8::1");

  const ports = [{ name: "sig", port: 2905, protocol: "SCTP", targetPort: 1 }, { name: "metrics", port: 9090 }];
  await scene.changeService("web", { metadata: { labels: { team: "x" } }, spec: { ports } });
  await eventually("see ports and labels in all slices", async () => {
    const slices = await scene.slices("web");
    return slices.every(({ metadata }) => metadata.labels?.team === "x") || undefined;
  });
  for (const { ports } of await scene.slices("web")) {
    assertEquals(ports, [
      { name: "sig", port: 2905, protocol: "SCTP" },
      { name: "metrics", port: 9090, protocol: "TCP" },
    ]);
  }
});

Deno.test("svcwatcher removes the slices of Services that are not DANM's any more", async () => {
  using scene = await openServiceScene(cluster);
  await using _svcwatcher = await startSvcwatcher(cluster);
  const pod = await scene.createPod();
  await scene.attach(pod, { ip: "10.0.0.1/24" });
  const endings: Readonly<Record<string, (name: string) => Promise<void>>> = {
    "no-network": (name) => scene.changeService(name, { metadata: { annotations: { "danm.k8s.io/network": null } } }),
    "other-network": (name) => scene.changeService(name, { metadata: { annotations: { "danm.k8s.io/network": "x" } } }),
    "no-annotation": (name) => scene.changeService(name, { metadata: { annotations: null } }),
    "selector": (name) => scene.changeService(name, { spec: { selector: { app: "web" } } }),
    "deleted": (name) => scene.deleteService(name),
    "external": (name) =>
      scene.changeService(name, { spec: { type: "ExternalName", externalName: "a.b", clusterIP: null } }),
    "malformed": (name) => scene.changeService(name, { metadata: { annotations: { "danm.k8s.io/selector": "{" } } }),
  };
  const names = Object.keys(endings);
  await Promise.all(names.map((name) => scene.createService(name, { network: "net" })));
  await Promise.all(names.map((name) => scene.publishes(name, "10.0.0.1")));
  await Promise.all(Object.entries(endings).map(([name, end]) => end(name)));
  await Promise.all(names.map((name) => scene.publishes(name)));
});

Deno.test("svcwatcher says what is wrong with a Service by an Event on it, and serves the others", async () => {
  using scene = await openServiceScene(cluster);
  await using svcwatcher = await startSvcwatcher(cluster);
  await svcwatcher.process.ready();
  const unusable = async () => await svcwatcher.process.metric("danm_services_unusable") ?? NaN;
  const before = await unusable(); // those of other tests
  const pod = await scene.createPod();
  await scene.attach(pod, { ip: "10.0.0.1/24" });
  await scene.attach(pod, { ip: "169.254.7.7/24" });
  const broken = { metadata: { annotations: { "danm.k8s.io/selector": "app=web" } } };
  await scene.createService("broken", { network: "net" });
  await scene.changeService("broken", broken);
  await scene.createService("nameless", { network: "net," });
  await scene.createService("web", { network: "net" });
  await scene.publishes("web", "10.0.0.1");
  const notes = async (name: string, reason: string) =>
    await eventually(`read the Event on ${name}`, async () => {
      const found = await scene.eventNotes(name, reason);
      return found.length > 0 ? found.join("\n") : undefined;
    });
  assertStringIncludes(await notes("broken", "AnnotationUnusable"), "annotation danm.k8s.io/selector: it is not JSON");
  assertStringIncludes(await notes("nameless", "AnnotationUnusable"), "must be the name of a DanmNet");
  assertStringIncludes(await notes("web", "AddressUnusable"), "169.254.7.7");
  assertEquals(await scene.eventNotes("web", "AnnotationUnusable"), []);
  assertEquals(await unusable() - before, 2);
  await scene.changeService("broken", { metadata: { annotations: { "danm.k8s.io/selector": '{"app":"web"}' } } });
  await scene.publishes("broken", "10.0.0.1");
});

Deno.test("svcwatcher rewrites one slice of 100 when one Pod changes", async () => {
  using scene = await openServiceScene(cluster);
  const pods = await Promise.all(Array.from({ length: 230 }, () => scene.createPod()));
  await Promise.all(pods.map((pod, index) => scene.attach(pod, { ip: `10.0.${index >> 7}.${index & 127}/16` })));
  await scene.createService("web", { network: "net" }, SINGLE_STACK);
  await using svcwatcher = await startSvcwatcher(cluster);
  const all = pods.map((_, index) => `10.0.${index >> 7}.${index & 127}`);
  const slices = await scene.publishes("web", ...all);
  assertEquals(slices.map(({ endpoints }) => endpoints?.length).sort(), [100, 100, 30]);
  const writes = () =>
    svcwatcher.proxy.requests.filter(({ method, path }) => method !== "GET" && path.includes("endpointslices"));
  assertEquals(writes().length, 3);
  await scene.setStatus(pods[7]!, false);
  await scene.publishes("web", ...all.map((ip, index) => index === 7 ? [ip] as const : ip));
  assertEquals(writes().slice(3).map(({ method }) => method), ["PUT"]);
  await scene.removePod(pods[150]!);
  await scene.publishes("web", ...all.filter((_, index) => index !== 150));
  // The slice of the first change may be written once more, and refused, by who has not seen that write come back.
  assertEquals(new Set(writes().slice(3).map(({ method }) => method)), new Set(["PUT"]));
  assert(new Set(writes().slice(3).map(({ path }) => path)).size <= 2, "the third slice stays");
  // It counts what has been answered, which others see before.
  await eventually("see both counted", async () => {
    const endpoints = await svcwatcher.process.metric("danm_service_endpoints") ?? 0;
    const updates = await svcwatcher.process.metric('danm_service_writes_total{what="slice",verb="update"}');
    if (endpoints >= 229 && updates !== undefined && updates >= 2) return true;
    throw new Error(`${endpoints} endpoints, ${updates} updates`);
  });
});
