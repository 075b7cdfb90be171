import { assertEquals, assertRejects } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { KubeObject } from "../../api/kube_object.ts";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { startTcpProxy, type TcpProxy } from "../../../tests/cluster/tcp_proxy.ts";
import { createClient, type KubeClient } from "../client/client.ts";
import type { FollowPace, Identified } from "./follow_collection.ts";
import { createInformer, type Informer, type InformerHandlers, type InformerOptions } from "./informer.ts";
import { createDaemonClient } from "../client/daemon_client.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";
import type { CollectionRef } from "../client/resource_path.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

type ConfigMap = KubeObject<"ConfigMap", { readonly data?: Readonly<Record<string, string>> }>;

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const PACE: Partial<FollowPace> = { backoff: { firstMs: 20, maxMs: 200 }, absentPollMs: 100, absentAfterMs: 300 };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** An informer that runs, through a proxy of its own, over the ConfigMaps of a namespace of its own. */
interface Scene extends AsyncDisposable {
  readonly admin: KubeClient;
  /** Between the informer and the API server; `line` is in front of it. */
  readonly proxy: FaultProxy;
  readonly line: TcpProxy;
  readonly maps: CollectionRef;
  readonly informer: Informer<ConfigMap>;
  /** What handlers were told: `+name=value`, `~name=value`, `-name`, `failed`. */
  readonly told: string[];
  put(name: string, value: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Waits until the informer was told all of `expected`, in this order, since the last call. */
  hears(...expected: readonly string[]): Promise<void>;
}

async function openScene(options: { pace?: Partial<FollowPace>; fill?: number } = {}): Promise<Scene> {
  await using cleanUp = new AsyncDisposableStack();
  const admin = cleanUp.use(cluster.client());
  const proxy = cleanUp.use(await startFaultProxy(cluster));
  const line = cleanUp.use(startTcpProxy(proxy.url));
  const client = cleanUp.use(createClient({ ...loadKubeconfig(proxy.kubeconfig), server: line.url }));
  const namespace = await cluster.createNamespace();
  const maps = { ...CONFIG_MAPS, namespace };
  const put = async (name: string, value: string) => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } };
    await admin.patch({ ...maps, name }, { type: "apply", body, fieldManager: "test" }, soon());
  };
  for (let index = 0; index < (options.fill ?? 0); index++) await put(`f${index}`, "0");

  const told: string[] = [];
  const pace = { ...PACE, ...options.pace };
  const informer = createInformer<ConfigMap>(client, { resource: CONFIG_MAPS, namespace, pace }, {
    changed: ({ key, before, after }) => {
      const name = key.slice(namespace.length + 1);
      told.push(after === undefined ? `-${name}` : `${before ? "~" : "+"}${name}=${after.data?.value}`);
    },
    failed: () => void told.push("failed"),
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  cleanUp.defer(async () => {
    stop.abort();
    await running;
  });
  await informer.synced;
  let heard = 0;
  const owned = cleanUp.move();
  return {
    admin,
    proxy,
    line,
    maps,
    informer,
    told,
    put,
    remove: (name) => admin.delete({ ...maps, name }, soon()),
    async hears(...expected) {
      const news = () => told.slice(heard).filter((line) => line !== "failed");
      await eventually(`hear ${expected}`, () => news().length >= expected.length || undefined);
      assertEquals(news(), expected);
      heard = told.length;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

Deno.test("createInformer() tells what is there and what changes", async () => {
  await using scene = await openScene({ fill: 2 });
  await scene.hears("+f0=0", "+f1=0");
  await scene.put("a", "1");
  await scene.put("a", "2");
  await scene.remove("f0");
  await scene.hears("+a=1", "~a=2", "-f0");
  assertEquals(scene.informer.get(`${scene.maps.namespace}/a`)?.data, { value: "2" });
  assertEquals([scene.informer.size, scene.informer.get(`${scene.maps.namespace}/f0`)], [2, undefined]);
  assertEquals([scene.informer.hasSynced, scene.informer.isCurrent, scene.informer.served], [true, true, true]);
});

Deno.test("createInformer() reads big collections page by page", async () => {
  await using scene = await openScene({ fill: 5, pace: { pageSize: 2 } });
  await scene.hears("+f0=0", "+f1=0", "+f2=0", "+f3=0", "+f4=0");
  assertEquals(scene.proxy.count({ path: /limit=2/ }), 3);
});

const LIST = { path: /\/configmaps(?!.*watch=true)/ };
const CONTINUE = { path: /continue=/ };
const WATCH = { path: /watch=true/ };

Deno.test("createInformer() goes on where a cut connection ended, without a list", async () => {
  await using scene = await openScene({ fill: 1 });
  await scene.put("a", "1");
  await scene.put("b", "1");
  await scene.remove("b");
  await scene.hears("+f0=0", "+a=1", "+b=1", "-b");
  scene.proxy.reset();
  scene.proxy.inject({ ...WATCH, nth: 1, action: { kind: "delay", ms: 300 } }); // so that the change is made meanwhile
  scene.line.cut();
  await scene.put("a", "2");
  await scene.remove("f0");
  await scene.hears("~a=2", "-f0");
  assertEquals(scene.proxy.count(LIST), 0);
  assertEquals(scene.informer.isCurrent, true);
});

Deno.test("createInformer() is current soon after a cut, though nothing has changed and the server says nothing", async () => {
  await using scene = await openScene({ fill: 1, pace: { quietMs: 500 } });
  await scene.put("f0", "1");
  await scene.hears("+f0=0", "~f0=1");
  scene.proxy.reset();
  scene.proxy.inject({ ...WATCH, nth: 1, action: { kind: "delay", ms: 1500 } });
  scene.line.cut();
  await eventually("try to watch", () => scene.proxy.count(WATCH) > 0 || undefined);
  assertEquals(scene.informer.isCurrent, false);
  await eventually("be current again", () => scene.informer.isCurrent || undefined);
  assertEquals([scene.proxy.count(LIST), scene.proxy.count(WATCH)], [0, 1]);
});

Deno.test("createInformer() tells the difference when the server has forgotten its place", async () => {
  await using scene = await openScene({ fill: 3 });
  await scene.hears("+f0=0", "+f1=0", "+f2=0");
  scene.proxy.reset();
  scene.proxy.inject({ ...WATCH, nth: 2, action: { kind: "answer", status: 410, reason: "Expired" } });
  scene.proxy.inject({ ...WATCH, nth: 1, action: { kind: "hang" } });
  scene.line.cut();
  await eventually("try to watch", () => scene.proxy.count(WATCH) > 0 || undefined);
  await scene.remove("f0");
  await scene.put("f1", "1");
  await scene.remove("f2");
  await scene.put("f2", "0"); // another object of that name
  await scene.put("a", "1");
  scene.line.cut();
  await scene.hears("+a=1", "~f1=1", "-f2", "+f2=0", "-f0");
  await scene.put("a", "2");
  await scene.hears("~a=2");
});

Deno.test("createInformer() starts its list over when the server forgets it half-way", async () => {
  await using scene = await openScene({ fill: 3, pace: { pageSize: 1 } });
  await scene.hears("+f0=0", "+f1=0", "+f2=0");
  scene.proxy.reset();
  scene.proxy.inject({ ...WATCH, nth: 1, action: { kind: "answer", status: 410, reason: "Expired" } });
  scene.proxy.inject({ ...CONTINUE, nth: 1, action: { kind: "hang" } });
  scene.proxy.inject({ ...CONTINUE, nth: 2, action: { kind: "answer", status: 410, reason: "Expired" } });
  scene.line.cut();
  await eventually("ask for the second page", () => scene.proxy.count(CONTINUE) > 0 || undefined);
  await scene.remove("f0"); // which the first page held
  scene.line.cut();
  await scene.hears("-f0");
  await scene.put("f1", "1");
  await scene.hears("~f1=1");
});

Deno.test("createInformer() notices a connection that died without a word", async () => {
  await using scene = await openScene({ pace: { silenceMs: 1000 } });
  scene.line.freeze();
  await scene.put("a", "1");
  await scene.hears("+a=1");
  assertEquals(scene.told.includes("failed"), true);
  assertEquals(scene.proxy.count(LIST), 1);
});

Deno.test("createInformer() follows watches that the server ends in time, without any failure", async () => {
  await using scene = await openScene({ pace: { watchS: 1 } });
  await eventually("watch three times", () => scene.proxy.count(WATCH) >= 3 || undefined);
  await scene.put("a", "1");
  await scene.hears("+a=1");
  assertEquals([scene.told.includes("failed"), scene.proxy.count(LIST)], [false, 1]);
});

Deno.test("createInformer() tries again as long as it takes, and says so", async () => {
  await using scene = await openScene({ fill: 1, pace: { absentAfterMs: 60_000 } });
  await scene.hears("+f0=0");
  for (const status of [400, 401, 403, 404]) {
    scene.proxy.reset();
    const failures = () => scene.told.filter((line) => line === "failed").length;
    const before = failures();
    scene.proxy.inject({ action: { kind: "answer", status, reason: "Injected" } });
    scene.line.cut();
    await eventually(`fail with ${status}`, () => failures() >= before + 2 || undefined);
    assertEquals(scene.informer.isCurrent, false);
    scene.proxy.reset();
    await eventually("be current again", () => scene.informer.isCurrent || undefined);
  }
  await scene.put("f0", "1");
  await scene.hears("~f0=1");
});

/** Runs an informer for as long as `body` takes. */
async function withInformer<T extends Identified = ConfigMap>(
  client: KubeClient,
  options: InformerOptions<ConfigMap, T>,
  handlers: InformerHandlers<T>,
  body: (informer: Informer<T>) => Promise<void>,
): Promise<void> {
  const informer = createInformer<ConfigMap, T>(client, { pace: PACE, ...options }, handlers);
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  try {
    await body(informer);
  } finally {
    stop.abort();
    await running;
  }
}

const READ = { apiGroups: [""], resources: ["configmaps"], verbs: ["list", "watch"] };

Deno.test("createInformer() waits for the right to read", async () => {
  const namespace = await cluster.createNamespace();
  const kubeconfig = await cluster.kubeconfigFor({ namespace, name: "reader" });
  using client = createClient(loadKubeconfig(kubeconfig));
  using admin = cluster.client();
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  await withInformer(client, { resource: CONFIG_MAPS, namespace }, { failed }, async (informer) => {
    await eventually("be refused", () => failures.length >= 2 || undefined);
    assertEquals([informer.hasSynced, informer.served], [false, undefined]);
    const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespace };
    await admin.create({ ...rbac, plural: "roles" }, { metadata: { name: "reader" }, rules: [READ] }, soon());
    const roleRef = { apiGroup: rbac.group, kind: "Role", name: "reader" };
    const subjects = [{ kind: "ServiceAccount", name: "reader", namespace }];
    await admin.create({ ...rbac, plural: "rolebindings" }, { metadata: { name: "r" }, roleRef, subjects }, soon());
    await informer.synced;
  });
});

Deno.test("createInformer() goes on with the credentials that come while it runs", async () => {
  const namespace = await cluster.createNamespace();
  let kubeconfig = await cluster.writeKubeconfig({ token: "expired" });
  using client = createDaemonClient(() => loadKubeconfig(kubeconfig));
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  await withInformer(client, { resource: CONFIG_MAPS, namespace }, { failed }, async (informer) => {
    await eventually("be refused", () => failures.length >= 2 || undefined);
    assertEquals(informer.hasSynced, false);
    kubeconfig = cluster.kubeconfig;
    await informer.synced;
  });
});

Deno.test("createInformer() keeps no more than it is asked to", async () => {
  await using scene = await openScene();
  await scene.put("a", "1");
  await scene.admin.patch({ ...scene.maps, name: "a" }, {
    type: "merge",
    body: { metadata: { labels: { keep: "me" } } },
  }, soon());
  await scene.put("b", "1");
  const select = { resource: CONFIG_MAPS, namespace: scene.maps.namespace!, labelSelector: "keep=me" };
  await withInformer(scene.admin, { ...select, metadataOnly: true }, {}, async (informer) => {
    await informer.synced;
    const [kept] = informer.list();
    assertEquals([informer.size, kept?.metadata.name, kept?.data], [1, "a", undefined]);
    assertEquals(Object.keys(kept?.metadata ?? {}).includes("managedFields"), false);
  });
  const transform = ({ metadata }: ConfigMap) => ({ metadata, short: metadata.name });
  await withInformer(scene.admin, { ...select, transform }, {}, async (informer) => {
    await informer.synced;
    assertEquals(informer.list().map(({ short }) => short), ["a"]);
  });
});

Deno.test("createInformer() empties and fills its cache when objects stop and start to match", async () => {
  await using scene = await openScene({ fill: 1 });
  const patch = (keep: string | null) =>
    scene.admin.patch(
      { ...scene.maps, name: "f0" },
      { type: "merge", body: { metadata: { labels: { keep } } } },
      soon(),
    );
  const select = { resource: CONFIG_MAPS, namespace: scene.maps.namespace!, labelSelector: "keep=me" };
  await withInformer(scene.admin, select, {}, async (informer) => {
    await informer.synced;
    assertEquals(informer.size, 0);
    await patch("me");
    await eventually("see it", () => informer.size === 1 || undefined);
    await patch(null);
    await eventually("see it go", () => informer.size === 0 || undefined);
  });
});

Deno.test("createInformer() ends at once when told to, however long the server has been silent", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  using client = cluster.client();
  const informer = createInformer<ConfigMap>(client, { resource: CONFIG_MAPS, labelSelector: "no=where" });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.synced;
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 10)); // another turn of the event loop
  }
  stop.abort();
  let ended = false;
  void running.then(() => ended = true);
  await eventually("end", () => ended || undefined);
});

Deno.test("createInformer() ends with what its handler throws", async () => {
  using client = cluster.client();
  const changed = () => {
    throw new RangeError("a mistake");
  };
  const options = { resource: { group: "", version: "v1", plural: "namespaces" } };
  const informer = createInformer<ConfigMap>(client, options, { changed });
  await assertRejects(() => informer.run(new AbortController().signal), RangeError, "a mistake");
  await assertRejects(() => informer.synced, RangeError, "a mistake");
});
