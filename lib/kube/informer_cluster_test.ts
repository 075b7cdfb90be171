import { assertEquals } from "@std/assert";
import type { KubeObject } from "../api/kube_object.ts";
import { eventually } from "../../tests/cluster/eventually.ts";
import { type FaultProxy, startFaultProxy } from "../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import { startTcpProxy, type TcpProxy } from "../../tests/cluster/tcp_proxy.ts";
import { createClient, type KubeClient } from "./client.ts";
import type { FollowPace } from "./follow_collection.ts";
import { createInformer, type Informer } from "./informer.ts";
import { loadKubeconfig } from "./load_kubeconfig.ts";
import type { CollectionRef } from "./resource_path.ts";

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

const LIST = { path: /configmaps\?(?!.*watch=true)/ };
const WATCH = { path: /watch=true/ };

Deno.test("createInformer() goes on where a cut connection ended, without a list", async () => {
  await using scene = await openScene({ fill: 1 });
  await scene.put("a", "1");
  await scene.hears("+f0=0", "+a=1");
  scene.proxy.reset();
  scene.proxy.inject({ ...WATCH, nth: 1, action: { kind: "delay", ms: 300 } }); // so that the change is made meanwhile
  scene.line.cut();
  await scene.put("a", "2");
  await scene.remove("f0");
  await scene.hears("~a=2", "-f0");
  assertEquals(scene.proxy.count(LIST), 0);
  assertEquals(scene.informer.isCurrent, true);
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
