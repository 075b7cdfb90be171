/** Types that come and go: CRDs installed and removed while an informer runs. */

import { assertEquals } from "@std/assert";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import type { KubeObject } from "../../api/kube_object.ts";
import { createClient } from "../client/client.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";
import type { FollowPace } from "./follow_collection.ts";
import { createInformer } from "./informer.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

type Thing = KubeObject<string, { readonly spec?: unknown }>;

const CRDS = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };
const PACE: Partial<FollowPace> = { backoff: { firstMs: 20, maxMs: 200 }, absentPollMs: 100, absentAfterMs: 1000 };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** A type with a group of its own, so that tests do not meet. */
function thingType() {
  const resource = { group: `g${crypto.randomUUID().slice(0, 8)}.example.com`, version: "v1", plural: "things" };
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${resource.group}` },
    spec: {
      group: resource.group,
      scope: "Cluster",
      names: { plural: "things", singular: "thing", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
    },
  };
  const thing = (name: string) => ({ apiVersion: `${resource.group}/v1`, kind: "Thing", metadata: { name } });
  return { resource, crd, thing };
}

Deno.test("createInformer() finds a type that is installed later, empties when it goes, and finds it again", async () => {
  const { resource, crd, thing } = thingType();
  using admin = cluster.client();
  const told: string[] = [];
  const informer = createInformer<Thing>(admin, { resource, pace: PACE }, {
    changed: ({ key, after }) => told.push(`${after ? "+" : "-"}${key}`),
    servedChanged: (served) => told.push(served ? "served" : "absent"),
  });
  const hears = (...expected: readonly string[]) =>
    eventually(`hear ${expected}`, () => {
      if (told.length < expected.length) return undefined;
      assertEquals(told.splice(0), expected);
      return true;
    });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.synced; // without any such type: there is nothing to know
  await hears("absent");
  for (let round = 0; round < 2; round++) {
    await admin.create(CRDS, crd, soon());
    await hears("served");
    await eventually("make a thing", () => admin.create(resource, thing("a"), soon()));
    await hears("+a");
    await admin.delete({ ...CRDS, name: crd.metadata.name }, soon());
    await hears("-a", "absent");
    assertEquals([informer.size, informer.isCurrent, informer.isAbsent], [0, false, true]);
    await eventually("be rid of the CRD", async () => {
      const crds = await admin.list<Thing>(CRDS, soon());
      return crds.items.every(({ metadata }) => metadata.name !== crd.metadata.name) || undefined;
    });
  }
  stop.abort();
  await running;
});

Deno.test("createInformer() keeps what it knows when a server does not know the type for a moment", async () => {
  const { resource, crd, thing } = thingType();
  using admin = cluster.client();
  await admin.create(CRDS, crd, soon());
  await eventually("make a thing", () => admin.create(resource, thing("a"), soon()));
  let failures = 0;
  const gone: string[] = [];
  const pace = { ...PACE, absentAfterMs: 60_000, watchS: 1 };
  const informer = createInformer<Thing>(admin, { resource, pace }, {
    failed: () => void failures++,
    changed: ({ key, after }) => after ?? gone.push(key),
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.synced;
  const unserved = (served: boolean) =>
    admin.patch({ ...CRDS, name: crd.metadata.name }, {
      type: "json",
      operations: [{ op: "replace", path: "/spec/versions/0/served", value: served }],
    }, soon());
  await unserved(false);
  await eventually("miss the type", () => failures >= 2 || undefined);
  assertEquals([informer.size, gone, informer.isCurrent], [1, [], false]);
  await unserved(true);
  await eventually("be current again", () => informer.isCurrent || undefined);
  assertEquals([informer.size, gone], [1, []]);
  stop.abort();
  await running;
});

Deno.test("createInformer() notices a type at once when it is installed, without having to look", async () => {
  const { resource, crd } = thingType();
  using admin = cluster.client();
  const pace = { ...PACE, absentPollMs: 3_600_000 };
  const informer = createInformer<Thing>(admin, { resource, pace });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await eventually("know that it is not there", () => informer.isAbsent || undefined);
  assertEquals(informer.isCurrent, false);
  await admin.create(CRDS, crd, soon());
  await eventually("follow it", () => informer.isCurrent || undefined);
  assertEquals(informer.isAbsent, false);
  stop.abort();
  await running;
});

Deno.test("createInformer() does not take a proxy's 404 page for a type that is gone", async () => {
  const { resource, crd, thing } = thingType();
  using admin = cluster.client();
  await admin.create(CRDS, crd, soon());
  await eventually("make a thing", () => admin.create(resource, thing("a"), soon()));
  await using proxy = await startFaultProxy(cluster);
  using client = createClient(loadKubeconfig(proxy.kubeconfig));
  const told: string[] = [];
  const informer = createInformer<Thing>(client, { resource, pace: { ...PACE, absentAfterMs: 0, watchS: 1 } }, {
    changed: ({ key, after }) => told.push(`${after ? "+" : "-"}${key}`),
    failed: () => told.push("failed"),
    servedChanged: (served) => told.push(served ? "served" : "absent"),
  });
  proxy.inject({ action: { kind: "page" } });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await eventually("fail twice", () => told.length >= 2 || undefined);
  assertEquals([new Set(told), informer.hasSynced], [new Set(["failed"]), false], "nothing is known yet");
  proxy.reset();
  await informer.synced;
  assertEquals(informer.size, 1);
  told.length = 0;
  proxy.inject({ action: { kind: "page" } });
  await eventually("fail twice", () => told.length >= 2 || undefined);
  assertEquals([new Set(told), informer.size, informer.isAbsent], [new Set(["failed"]), 1, false]);
  stop.abort();
  await running;
});
