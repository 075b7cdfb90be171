/** Two real processes with the timing of production, mostly. */

import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import { Registry } from "prom-client";
import { eventually } from "../../tests/cluster/eventually.ts";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import type { KubeClient } from "../kube/client/client.ts";
import type { ObjectRef } from "../kube/client/resource_path.ts";
import { openStandardErrorLog } from "../host/serving/log.ts";
import type { LeaseObject } from "../kube/election/lease.ts";
import { createLeadership } from "./leadership.ts";
import { createMeters } from "./meters.ts";
import { spawnCopycat } from "../../tests/daemon/spawn_copycat.ts";
import type { DaemonProcess } from "../../tests/runtime/daemon_process.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

interface ConfigMap {
  readonly data: { readonly value: string; readonly copy?: string; readonly by?: string };
}

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const NEVER = new AbortController().signal;
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** What two replicas, of which one leads, do to a ConfigMap whose value changes all the time. */
interface Scene extends AsyncDisposable {
  readonly leader: DaemonProcess;
  readonly other: DaemonProcess;
  /** Who wrote the copies so far, in order, each as often as it took over from another one. */
  readonly writers: readonly string[];
  /** Whose lead the Lease says it is; undefined or empty when it is nobody's. */
  holder(): Promise<string | undefined>;
}

async function openScene(): Promise<Scene> {
  await using cleanUp = new AsyncDisposableStack();
  const namespace = await cluster.createNamespace();
  const admin = cleanUp.use(cluster.client());
  const map = { ...CONFIG_MAPS, namespace, name: "a" };
  await admin.create({ ...CONFIG_MAPS, namespace }, {
    metadata: { name: "a", labels: { copy: "me" } },
    data: { value: "0" },
  }, soon());
  const kubeconfig = await kubeconfigIn(namespace);
  const args = ["--leader-elect", `--kubeconfig=${kubeconfig}`];
  const leader = cleanUp.use(spawnCopycat(args));
  await leader.says("leading");
  const other = cleanUp.use(spawnCopycat(args));
  await other.says("watching");
  const writers: string[] = [];
  const stop = new AbortController();
  const work = [changeAllTheTime(admin, map, stop.signal), noteWriters(admin, map, writers, stop.signal)];
  cleanUp.defer(async () => {
    stop.abort();
    await Promise.all(work);
  });
  const owned = cleanUp.move();
  const holder = async () => {
    const leases = { group: "coordination.k8s.io", version: "v1", plural: "leases", namespace };
    const { items } = await admin.list<LeaseObject>(leases, soon());
    return items[0]?.spec.holderIdentity;
  };
  return { leader, other, writers, holder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The administrator's kubeconfig with a namespace: that is where the Lease will be. */
async function kubeconfigIn(namespace: string): Promise<string> {
  const config = parse(await Deno.readTextFile(cluster.kubeconfig)) as { contexts: { context: object }[] };
  const contexts = config.contexts.map(({ context, ...rest }) => ({ ...rest, context: { ...context, namespace } }));
  const path = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".kubeconfig" });
  await Deno.writeTextFile(path, stringify({ ...config, contexts }));
  return path;
}

async function changeAllTheTime(admin: KubeClient, map: ObjectRef, stop: AbortSignal): Promise<void> {
  for (let value = 1; !stop.aborted; value++) {
    await admin.patch(map, { type: "merge", body: { data: { value: `${value}` } } }, soon());
    await new Promise((resolve) => setTimeout(resolve, 20)); // a load, not a synchronisation
  }
}

async function noteWriters(admin: KubeClient, map: ObjectRef, writers: string[], stop: AbortSignal): Promise<void> {
  const { name, ...maps } = map;
  const fieldSelector = `metadata.name=${name}`;
  try {
    for await (const { object } of admin.watch<ConfigMap>(maps, { signal: stop, fieldSelector })) {
      const by = object.data?.by;
      if (by !== undefined && by !== writers.at(-1)) writers.push(by);
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

Deno.test("createLeadership() lets another replica take over from one that was killed", async () => {
  await using scene = await openScene();
  await eventually("see the leader write", () => scene.writers.length === 1 || undefined);
  scene.leader.kill("SIGKILL");
  await eventually("see the other write", () => scene.writers.length === 2 || undefined);
});

Deno.test("createLeadership() lets another replica take over at once from one that stops cleanly", async () => {
  await using scene = await openScene();
  await eventually("see the leader write", () => scene.writers.length === 1 || undefined);
  const before = await scene.holder();
  scene.leader.kill("SIGTERM");
  assertEquals((await scene.leader.status).code, 0);
  assertNotEquals(await scene.holder(), before, "nobody has to wait until the lease expires");
  await eventually("see the other write", () => scene.writers.length === 2 || undefined);
});

Deno.test("createLeadership() has no second writer in a process that was frozen and wakes up late", async () => {
  await using scene = await openScene();
  await eventually("see the leader write", () => scene.writers.length === 1 || undefined);
  scene.leader.kill("SIGSTOP");
  await eventually("see the other write", () => scene.writers.length === 2 || undefined);
  scene.leader.kill("SIGCONT");
  await scene.leader.says("no longer leading");
  const { status } = await scene.leader.get("/healthz");
  assertEquals([status, scene.other.log.some(({ message }) => message === "no longer leading")], [200, false]);
  assertEquals(scene.writers.length, 2);
});

Deno.test("createLeadership() writes only while this replica leads", async () => {
  using kube = cluster.client();
  const namespace = await cluster.createNamespace();
  const map = { ...CONFIG_MAPS, namespace };
  const write = (client: KubeClient, name: string) => client.create(map, { metadata: { name } }, soon());
  const log = openStandardErrorLog("error");
  const daemon = { name: "test", identity: "a", kube, namespace, log, meters: createMeters(new Registry()) };
  const leadership = createLeadership(daemon, true);
  const refused = () => assertRejects(() => write(leadership.kube, "b"), Error, "this replica does not lead");
  await refused();
  await assertRejects(
    () => leadership.run(async () => void await write(leadership.kube, "a"), NEVER),
    Error,
    "by itself",
  );
  await refused();
  await createLeadership(daemon, false).run(async () => void await write(kube, "b"), NEVER);
});
