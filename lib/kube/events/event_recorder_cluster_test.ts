import { assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { createClient, type KubeClient, type KubeList } from "../client/client.ts";
import type { EventContent, EventObject, EventSubject } from "./event_object.ts";
import { createEventRecorder, EVENT_PACE, type EventPace, type EventRecorder } from "./event_recorder.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const EVENTS = { group: "events.k8s.io", version: "v1", plural: "events" };
const SOURCE = { controller: "test.danm.k8s.io", instance: "node-1" };
const MISSING: EventContent = {
  type: "Warning",
  reason: "ParentMissing",
  action: "MakeLink",
  note: "host interface eth7 does not exist on this node",
};
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

interface Scene extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly recorder: EventRecorder;
  readonly subject: EventSubject;
  readonly dropped: unknown[];
  events(namespace?: string): Promise<readonly EventObject[]>;
  stop(): Promise<void>;
}

async function openScene(pace: Partial<EventPace> = {}): Promise<Scene> {
  await using cleanUp = new AsyncDisposableStack();
  const proxy = cleanUp.use(await startFaultProxy(cluster));
  const client: KubeClient = cleanUp.use(createClient(loadKubeconfig(proxy.kubeconfig)));
  const namespace = await cluster.createNamespace();
  const dropped: unknown[] = [];
  const recorder = createEventRecorder(client, SOURCE, (reason) => dropped.push(reason), { ...EVENT_PACE, ...pace });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  const stopped = async () => {
    stop.abort();
    await running;
  };
  cleanUp.defer(stopped);
  const owned = cleanUp.move();
  const uid = crypto.randomUUID();
  return {
    proxy,
    recorder,
    subject: { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata: { name: "net", namespace, uid } },
    dropped,
    async events(of = namespace) {
      const fieldSelector = `regarding.uid=${uid}`;
      const list: KubeList<EventObject> = await client.list({ ...EVENTS, namespace: of }, { ...soon(), fieldSelector });
      return list.items;
    },
    stop: stopped,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("createEventRecorder() tells users what happened to an object", async () => {
  await using scene = await openScene();
  const { name, namespace, uid } = scene.subject.metadata;
  scene.recorder.record(scene.subject, { ...MISSING, note: "ä".repeat(600) });
  const event = await eventually("see the Event", async () => (await scene.events())[0]);
  assertEquals(event.regarding, {
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    name,
    namespace: namespace!,
    uid: uid!,
  });
  assertEquals([event.note, event.reason, event.type], ["ä".repeat(512), "ParentMissing", "Warning"]);
  const printed = await cluster.kubectl("get", "events", `--namespace=${namespace}`, "--no-headers");
  assertMatch(printed, /^\d+s +Warning +ParentMissing +danmnet\/net +ä/);
});

Deno.test("createEventRecorder() counts what repeats instead of writing it again", async () => {
  await using scene = await openScene({ repeatMs: 200 });
  const { recorder, subject, proxy } = scene;
  recorder.record(subject, MISSING);
  await eventually("see the Event", async () => (await scene.events())[0]);
  for (let times = 0; times < 50; times++) recorder.record(subject, MISSING);
  await eventually("see the count", async () => (await scene.events())[0]?.series?.count === 51 || undefined);
  assertEquals([proxy.count({ method: "POST" }), proxy.count({ method: "PATCH" })], [1, 1]);
});

Deno.test("createEventRecorder() makes an Event anew that the server has forgotten", async () => {
  await using scene = await openScene({ repeatMs: 0 });
  scene.recorder.record(scene.subject, MISSING);
  const { metadata: { name } } = await eventually("see the Event", async () => (await scene.events())[0]);
  await cluster.kubectl("delete", "event", name, `--namespace=${scene.subject.metadata.namespace}`);
  scene.recorder.record(scene.subject, MISSING);
  const again = await eventually("see the Event again", async () => (await scene.events())[0]);
  assertEquals(again.series?.count, 2);
});

Deno.test("createEventRecorder() puts Events of cluster-wide objects into namespace default", async () => {
  await using scene = await openScene();
  const { namespace: _, ...metadata } = scene.subject.metadata;
  scene.recorder.record({ ...scene.subject, kind: "ClusterNetwork", metadata }, MISSING);
  const event = await eventually("see the Event", async () => (await scene.events("default"))[0]);
  assertEquals(event.regarding.kind, "ClusterNetwork");
});

Deno.test("createEventRecorder() writes no more than it may, and drops what it cannot remember", async () => {
  await using scene = await openScene({ burst: 3, refillMs: 3_600_000, memory: 5 });
  for (let times = 0; times < 9; times++) scene.recorder.record(scene.subject, { ...MISSING, note: `${times}` });
  assertEquals(scene.dropped.length, 4);
  await eventually("see the burst", async () => (await scene.events()).length === 3 || undefined);
  await scene.stop();
  assertEquals(scene.proxy.count({ method: "POST" }), 3);
});

Deno.test("createEventRecorder() writes one Event for all processes that see the same, and names the first place", async () => {
  await using scene = await openScene();
  const { subject, proxy } = scene;
  await using others = new AsyncDisposableStack();
  const recorders = [scene.recorder];
  for (let index = 2; index <= 8; index++) {
    const client = others.use(createClient(loadKubeconfig(proxy.kubeconfig)));
    const recorder = createEventRecorder(client, { ...SOURCE, instance: `node-${index}` }, () => {});
    const stop = new AbortController();
    const running = recorder.run(stop.signal);
    others.defer(async () => {
      stop.abort();
      await running;
    });
    recorders.push(recorder);
  }
  recorders.forEach((recorder, index) => recorder.record(subject, { ...MISSING, place: `node ${index + 1}` }));
  // Each process writes one after the other: a second Event tells that all have done with the first.
  for (const [index, recorder] of recorders.entries()) {
    recorder.record(subject, { ...MISSING, note: `last of ${index}` });
  }
  await eventually("see all", async () => (await scene.events()).length === 1 + recorders.length || undefined);
  const [event, ...more] = (await scene.events()).filter(({ note }) => note.startsWith(MISSING.note));
  assertEquals([more, event?.series], [[], undefined]);
  assertMatch(event!.note, /^host interface eth7 does not exist on this node \(first seen on node [1-8]\)$/);
  assertEquals(proxy.count({ method: "PATCH" }), 0);
});

Deno.test("createEventRecorder() tells of what another process has told long ago, as a series", async () => {
  await using scene = await openScene({ freshMs: 0 });
  const before = scene.recorder;
  before.record(scene.subject, MISSING);
  await eventually("see the Event", async () => (await scene.events())[0]);
  using client = createClient(loadKubeconfig(scene.proxy.kubeconfig));
  const after = createEventRecorder(client, SOURCE, () => {}, { ...EVENT_PACE, freshMs: 0 });
  after.record(scene.subject, MISSING);
  await after.run(AbortSignal.abort());
  const events = await scene.events();
  assertEquals(events.map(({ series }) => series?.count), [2]);
});

Deno.test("createEventRecorder() loses no Event while the API server is away", async () => {
  await using scene = await openScene();
  scene.proxy.inject({ action: { kind: "answer", status: 400, reason: "" } });
  scene.recorder.record(scene.subject, MISSING);
  await eventually("fail", () => scene.proxy.requests.length >= 2 || undefined);
  scene.proxy.reset();
  scene.proxy.inject({ method: "GET", path: /events/, nth: 1, action: { kind: "page" } });
  scene.proxy.inject({ method: "POST", nth: 1, action: { kind: "answer", status: 403, reason: "Forbidden" } });
  const event = await eventually("see the Event", async () => (await scene.events())[0]);
  assertEquals([event.note, scene.dropped], [MISSING.note, []]);
});

Deno.test("createEventRecorder() gives up what is refused again and again, and says what is new before it ends", async () => {
  await using scene = await openScene();
  scene.proxy.inject({ method: "POST", action: { kind: "answer", status: 422, reason: "Invalid" } });
  scene.recorder.record(scene.subject, MISSING);
  await eventually("give up", () => scene.dropped.length === 1 || undefined);
  scene.proxy.reset();
  scene.recorder.record(scene.subject, { ...MISSING, note: "last words" });
  await scene.stop();
  assertEquals((await scene.events()).map(({ note }) => note), ["last words"]);
});
