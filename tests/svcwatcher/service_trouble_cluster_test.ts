import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ENDPOINT_SLICES, type EndpointSlice } from "../../lib/api/endpoint_slice.ts";
import { ENDPOINTS } from "../../lib/api/endpoints.ts";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { eventually } from "../cluster/eventually.ts";
import type { ProxiedRequest } from "../cluster/fault.ts";
import { openServiceScene, type ServiceScene, soon } from "./service_scene.ts";
import { startServiceCluster, startSvcwatcher, type TestSvcwatcher } from "./svcwatcher_process.ts";

const cluster = await startServiceCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const ADDRESS = { ip: "10.0.0.1/24" };

/** Requests that write what svcwatcher is there to write. */
function writes({ proxy }: TestSvcwatcher): ProxiedRequest[] {
  return proxy.requests.filter(({ method, path }) =>
    method !== "GET" && /\/(endpointslices|endpoints)[/?]?/.test(path)
  );
}

/** Waits until svcwatcher has done, after everything before, what a new Service asks for. */
async function outlast(scene: ServiceScene): Promise<void> {
  const name = `later-${crypto.randomUUID().slice(0, 8)}`;
  const pod = await scene.createPod({ labels: { app: name } });
  await scene.attach(pod, { ip: "10.9.9.9/24" });
  await scene.createService(name, { selector: JSON.stringify({ app: name }), network: "net" });
  await scene.publishes(name, "10.9.9.9");
}

Deno.test("svcwatcher makes up for everything that happened while it was down", async () => {
  using scene = await openServiceScene(cluster);
  const [kept, gone, changed] = [await scene.createPod(), await scene.createPod(), await scene.createPod()];
  await scene.attach(kept, { ip: "10.0.0.1/24" });
  await scene.attach(gone, { ip: "10.0.0.2/24" });
  const lost = await scene.attach(changed, { ip: "10.0.0.3/24" });
  for (const name of ["web", "deleted", "freed", "again"]) await scene.createService(name, { network: "net" });
  {
    await using _svcwatcher = await startSvcwatcher(cluster);
    for (const name of ["web", "deleted", "freed", "again"]) {
      await scene.publishes(name, "10.0.0.1", "10.0.0.2", "10.0.0.3");
    }
  }
  await scene.removePod(gone);
  await scene.detach(lost);
  await scene.attach(changed, { ip: "10.0.0.4/24" });
  await scene.deleteService("deleted");
  await scene.changeService("freed", { metadata: { annotations: null } });
  await scene.deleteService("again");
  await scene.createService("again", { network: "net" });
  await scene.createService("new", { network: "net" });
  await using _svcwatcher = await startSvcwatcher(cluster);
  for (const name of ["web", "again", "new"]) await scene.publishes(name, "10.0.0.1", "10.0.0.4");
  for (const name of ["deleted", "freed"]) await scene.publishes(name);
});

Deno.test("svcwatcher never touches slices and Endpoints of others, not even under names that it would choose", async () => {
  using scene = await openServiceScene(cluster);
  const pod = await scene.createPod();
  await scene.attach(pod, ADDRESS);
  await scene.createService("web", { network: "net" });
  {
    await using _svcwatcher = await startSvcwatcher(cluster);
    await scene.publishes("web", "10.0.0.1");
  }
  const [own] = await scene.slices("web");
  const slices = { ...ENDPOINT_SLICES, namespace: scene.namespace };
  await scene.admin.delete({ ...slices, name: own!.metadata.name }, soon());
  const labels = { "kubernetes.io/service-name": "web" };
  const foreign = [
    { name: own!.metadata.name, labels: {} },
    { name: "web-by-hand", labels },
    { name: "web-managed", labels: { ...labels, "endpointslice.kubernetes.io/managed-by": "somebody" } },
  ];
  const endpoints = [{ addresses: ["192.0.2.1"] }];
  for (const metadata of foreign) {
    await scene.admin.create(slices, { metadata, addressType: "IPv4", endpoints, ports: [] }, soon());
  }
  const legacy = { metadata: { name: "web" }, subsets: [{ addresses: [{ ip: "192.0.2.1" }] }] };
  await scene.admin.create({ ...ENDPOINTS, namespace: scene.namespace }, legacy, soon());
  const before = await versions(scene.admin, scene.namespace, foreign.map(({ name }) => name));

  await using _svcwatcher = await startSvcwatcher(cluster, ["--leader-elect=false", "--endpoints"]);
  const made = await scene.publishes("web", "10.0.0.1", "192.0.2.1", "192.0.2.1");
  const mine = made.find(({ endpoints }) => endpoints?.[0]?.addresses[0] === "10.0.0.1");
  assertEquals(mine?.metadata.name, own!.metadata.name.replace(/0$/, "1"));
  const notes = await eventually("read the Event", async () => {
    const found = await scene.eventNotes("web", "EndpointsForeign");
    return found.length > 0 ? found : undefined;
  });
  assertStringIncludes(notes[0]!, "somebody else's");
  await scene.changeService("web", { metadata: { annotations: null } });
  await scene.publishes("web", "192.0.2.1", "192.0.2.1");
  await outlast(scene);
  assertEquals(await versions(scene.admin, scene.namespace, foreign.map(({ name }) => name)), before);
});

async function versions(admin: KubeClient, namespace: string, slices: readonly string[]): Promise<string[]> {
  const refs = [
    ...slices.map((name) => ({ ...ENDPOINT_SLICES, namespace, name })),
    { ...ENDPOINTS, namespace, name: "web" },
  ];
  const objects = await Promise.all(refs.map((ref) => admin.get<Pick<EndpointSlice, "metadata">>(ref, soon())));
  return objects.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
}

Deno.test("svcwatcher keeps Endpoints when told to, and removes them when not", async () => {
  using scene = await openServiceScene(cluster);
  const [ready, unready] = [await scene.createPod(), await scene.createPod({ ready: false })];
  await scene.attach(ready, { ip: "10.0.0.1/24", ip6: "2001:db8::1/64" });
  await scene.attach(unready, { ip: "10.0.0.2/24" });
  await scene.createService("web", { network: "net" });
  const addresses = async () => {
    const [subset] = (await scene.endpoints("web"))?.subsets ?? [];
    return [subset?.addresses, subset?.notReadyAddresses].map((each) => each?.map(({ ip }) => ip).join());
  };
  const holds = (...expected: readonly string[]) =>
    eventually(
      `see Endpoints of ${expected}`,
      async () => `${await addresses()}` === `${expected}` || undefined,
    );
  {
    await using _svcwatcher = await startSvcwatcher(cluster, ["--leader-elect=false", "--endpoints"]);
    await holds("10.0.0.1", "10.0.0.2");
    assertEquals((await scene.endpoints("web"))?.subsets?.[0]?.ports, [{ name: "http", port: 80, protocol: "TCP" }]);
    await scene.setStatus(unready, true);
    await holds("10.0.0.1,10.0.0.2", "");
    await scene.createService("gone", { network: "net" });
    await eventually("see other Endpoints", async () => await scene.endpoints("gone"));
    await scene.deleteService("gone");
    await eventually(
      "see them removed",
      async () => await scene.endpoints("gone") === undefined || undefined,
    );
  }
  await using _svcwatcher = await startSvcwatcher(cluster);
  await eventually("see all removed", async () => await scene.endpoints("web") === undefined || undefined);
  await scene.publishes("web", "10.0.0.1", "10.0.0.2", "2001:db8::1");
});

Deno.test("svcwatcher restores what others do to its slices", async () => {
  using scene = await openServiceScene(cluster);
  const pod = await scene.createPod();
  await scene.attach(pod, ADDRESS);
  await scene.createService("web", { network: "net" });
  await using _svcwatcher = await startSvcwatcher(cluster);
  const [slice] = await scene.publishes("web", "10.0.0.1");
  const ref = { ...ENDPOINT_SLICES, namespace: scene.namespace, name: slice!.metadata.name };
  const meddlings: readonly object[] = [
    { endpoints: [] },
    { endpoints: [{ addresses: ["192.0.2.1"] }] },
    { ports: [] },
    { metadata: { labels: { "kubernetes.io/service-name": "other" } } },
    { metadata: { ownerReferences: [] } },
  ];
  const isAsBefore = async () => {
    const found = await scene.slices("web");
    const [now] = found;
    return found.length === 1 && JSON.stringify([now?.endpoints, now?.ports, now?.metadata.labels]) ===
          JSON.stringify([slice?.endpoints, slice?.ports, slice?.metadata.labels]) &&
        now?.metadata.ownerReferences?.length === 1 || undefined;
  };
  for (const body of meddlings) {
    const [{ metadata }] = await scene.slices("web") as [EndpointSlice];
    await scene.admin.patch({ ...ref, name: metadata.name }, { type: "merge", body }, soon());
    await eventually(`see ${JSON.stringify(body)} undone`, isAsBefore);
  }
  const [{ metadata }] = await scene.slices("web") as [EndpointSlice];
  await scene.admin.delete({ ...ref, name: metadata.name }, soon());
  await eventually("see the slice made again", isAsBefore);
});

Deno.test("svcwatcher gets there in spite of errors and lost answers, without a slice too many", async () => {
  using scene = await openServiceScene(cluster);
  const pods = await Promise.all(Array.from({ length: 120 }, () => scene.createPod()));
  await Promise.all(pods.map((pod, index) => scene.attach(pod, { ip: `10.0.1.${index}/24` })));
  const all = pods.map((_, index) => `10.0.1.${index}`);
  await scene.createService("web", { network: "net" });
  const [create, update, remove] = ["POST", "PUT", "DELETE"].map((method) => ({ method, path: /\/endpointslices/ }));
  await using svcwatcher = await startSvcwatcher(cluster, ["--leader-elect=false"], (proxy) => {
    proxy.inject({ ...create!, nth: 1, action: { kind: "dropAfter" } });
    proxy.inject({ ...create!, nth: 2, action: { kind: "answer", status: 500 } });
    proxy.inject({ ...create!, nth: 4, action: { kind: "answer", status: 403, reason: "Forbidden" } });
    proxy.inject({ ...create!, nth: 5, action: { kind: "answer", status: 429, retryAfterS: 0 } });
    proxy.inject({ ...update!, nth: 1, action: { kind: "dropAfter" } });
    proxy.inject({ ...update!, nth: 2, action: { kind: "answer", status: 409, reason: "Conflict" } });
    proxy.inject({ ...update!, nth: 3, action: { kind: "answer", status: 422, reason: "Invalid" } });
    proxy.inject({ ...remove!, nth: 1, action: { kind: "dropAfter" } });
    proxy.inject({ ...remove!, nth: 2, action: { kind: "answer", status: 500 } });
  });
  assertEquals((await scene.publishes("web", ...all)).length, 2);
  await scene.setStatus(pods[0]!, false);
  await scene.publishes("web", ["10.0.1.0"], ...all.slice(1));
  await scene.setStatus(pods[0]!, true);
  await scene.setStatus(pods[119]!, false);
  await scene.publishes("web", ["10.0.1.119"], ...all.slice(0, -1));
  const notes = await eventually("read the Event", async () => (await scene.eventNotes("web", "NotWritten"))[0]);
  assertStringIncludes(notes, "injected fault");
  await scene.deleteService("web");
  await scene.publishes("web");
  assert(writes(svcwatcher).length >= 8);
});

Deno.test("svcwatcher outlives restarts of the API server", async () => {
  using scene = await openServiceScene(cluster);
  await using svcwatcher = await startSvcwatcher(cluster);
  const [first, second] = [await scene.createPod(), await scene.createPod()];
  await scene.attach(first, ADDRESS);
  await scene.createService("web", { network: "net" });
  await scene.publishes("web", "10.0.0.1");
  await cluster.stopApiServer();
  await svcwatcher.process.says("cannot follow the API server");
  await cluster.startApiServer();
  await scene.attach(second, { ip: "10.0.0.2/24" });
  await scene.removePod(first);
  await cluster.stopApiServer();
  await cluster.startApiServer();
  await scene.publishes("web", "10.0.0.2");
});

Deno.test("svcwatcher works in one of two replicas, and in the other one when that dies", async () => {
  using scene = await openServiceScene(cluster);
  const pod = await scene.createPod();
  await scene.attach(pod, ADDRESS);
  await using first = await startSvcwatcher(cluster, []);
  await first.process.says("leading");
  await using second = await startSvcwatcher(cluster, []);
  await second.process.ready();
  await scene.createService("web", { network: "net" });
  await scene.publishes("web", "10.0.0.1");
  assertEquals([writes(first).length > 0, writes(second)], [true, []]);

  first.process.kill("SIGKILL");
  const done = writes(first).length;
  await scene.createService("next", { network: "net" });
  await scene.publishes("next", "10.0.0.1");
  assertEquals(await second.process.metric("danm_leader"), 1);
  assertEquals([writes(first).length, writes(second).map(({ method }) => method)], [done, ["POST"]]);
});

Deno.test("svcwatcher that is frozen does not write when it wakes up after another took over", async () => {
  using scene = await openServiceScene(cluster);
  await using first = await startSvcwatcher(cluster, []);
  await first.process.says("leading");
  await using second = await startSvcwatcher(cluster, []);
  await second.process.ready();
  first.process.kill("SIGSTOP");
  const pod = await scene.createPod();
  await scene.attach(pod, ADDRESS);
  await scene.createService("web", { network: "net" });
  await scene.publishes("web", "10.0.0.1");
  const done = writes(first).length;
  first.process.kill("SIGCONT");
  await first.process.says("no longer leading");
  await scene.removePod(pod);
  await scene.publishes("web");
  assertEquals(writes(first).length, done);
});
