import { assert, assertEquals } from "@std/assert";
import { startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { createClient, type KubeClient } from "./client.ts";
import { fencedClient } from "./fenced_client.ts";
import {
  isAlreadyExists,
  isConflict,
  isGone,
  isInvalid,
  isNotFound,
  KubeError,
  KubeUnreachableError,
} from "./kube_error.ts";
import { listAll } from "./list_all.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";
import type { CollectionRef, ObjectRef } from "./resource_path.ts";
import { MAX_ATTEMPTS } from "./retry_policy.ts";

const cluster = await sharedCluster();
const proxy = await startFaultProxy(cluster);
Deno.test.afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const CONFIG = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "1" } };
const NAMESPACE = { group: "", version: "v1", plural: "namespaces", name: "default" };
const MERGE = { type: "merge", body: { data: { k: "2" } } } as const;
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

/** Runs `test` with a client that goes through the proxy, the ConfigMaps of a new namespace, and one that exists. */
async function withMap(
  test: (client: KubeClient, maps: CollectionRef, map: ObjectRef) => Promise<void>,
): Promise<void> {
  using client = createClient(loadKubeconfig(proxy.kubeconfig));
  const maps = { group: "", version: "v1", plural: "configmaps", namespace: await cluster.createNamespace() };
  proxy.reset();
  await client.create(maps, CONFIG, soon());
  proxy.reset();
  await test(client, maps, { ...maps, name: "a" });
}

async function failure(promise: Promise<unknown>): Promise<Error | undefined> {
  return await promise.then(() => undefined, (error) => error);
}

for (const status of [429, 500, 502, 503, 504]) {
  Deno.test(`KubeClient reads again after ${status}`, () =>
    withMap(async (client, _maps, map) => {
      proxy.inject({ method: "GET", nth: 1, action: { kind: "answer", status, retryAfterS: 0 } });
      proxy.inject({ method: "GET", nth: 2, action: { kind: "answer", status } });
      await client.get(map, soon());
      assertEquals(proxy.count({ method: "GET" }), 3);
    }));
}

Deno.test("fencedClient() asks before every attempt of a write", () =>
  withMap(async (client, maps, map) => {
    let may = 1;
    const fenced = fencedClient(client, () => {
      if (may-- === 0) throw new Error("this replica does not lead");
    });
    const writes = {
      POST: () => fenced.create(maps, { ...CONFIG, metadata: { name: "b" } }, soon()),
      PUT: () => fenced.update(map, CONFIG, soon()),
      PATCH: () => fenced.patch(map, MERGE, soon()),
      DELETE: () => fenced.delete(map, soon()),
    };
    for (const [method, write] of Object.entries(writes)) {
      may = 1;
      proxy.inject({ method, nth: 1, action: { kind: "answer", status: 503 } });
      assertEquals((await failure(write()))?.message, "this replica does not lead", method);
      assertEquals(proxy.count({ method }), 1, method);
    }
  }));

for (const status of [400, 401, 403, 404, 409, 410, 422]) {
  Deno.test(`KubeClient takes ${status} for the answer`, () =>
    withMap(async (client, maps, map) => {
      proxy.inject({ action: { kind: "answer", status } });
      const body = { ...MERGE.body, metadata: { resourceVersion: "1" } };
      const failures = [
        await failure(client.get(map, soon())),
        await failure(client.create(maps, CONFIG, { ...soon(), idempotent: true })),
        await failure(client.patch(map, { ...MERGE, body }, { ...soon(), idempotent: true })),
      ];
      assertEquals(failures.map((error) => error instanceof KubeError && error.status), [status, status, status]);
      assertEquals(proxy.requests.length, 3);
    }));
}

Deno.test("KubeClient gives up after a bounded number of attempts", () =>
  withMap(async (client, _maps, map) => {
    proxy.inject({ action: { kind: "answer", status: 503, reason: "ServiceUnavailable" } });
    const error = await failure(client.get(map, soon()));
    assertEquals(error instanceof KubeError && error.reason, "ServiceUnavailable");
    assertEquals(proxy.requests.length, MAX_ATTEMPTS);
  }));

Deno.test("KubeClient waits as long as Retry-After says, and no longer than its caller", () =>
  withMap(async (client, _maps, map) => {
    proxy.inject({ action: { kind: "answer", status: 429, retryAfterS: 3600 } });
    const error = await failure(client.get(map, { signal: AbortSignal.timeout(2000) }));
    assertEquals(error instanceof KubeError && [error.status, error.retryAfterMs], [429, 3_600_000]);
    assertEquals(proxy.requests.length, 1);
  }));

Deno.test("KubeClient does not repeat a write that may have been applied, unless that is harmless", () =>
  withMap(async (client, maps, map) => {
    const other = { ...CONFIG, metadata: { name: "b" } };
    proxy.inject({ method: "POST", nth: 1, action: { kind: "dropAfter" } });
    const lost = await failure(client.create(maps, other, soon()));
    assertEquals(lost instanceof KubeUnreachableError && lost.kind, "lost");
    assertEquals(proxy.requests.length, 1);
    await client.get({ ...map, name: "b" }, soon());
  }));

Deno.test("KubeClient meets its own work again when an answer is lost", () =>
  withMap(async (client, maps, map) => {
    const idempotent = () => ({ ...soon(), idempotent: true });
    proxy.inject({ nth: 1, action: { kind: "dropAfter" } });
    assert(isAlreadyExists(
      await failure(client.create(maps, { ...CONFIG, metadata: { name: "b" } }, idempotent())),
    ));
    proxy.inject({ nth: 1, action: { kind: "dropAfter" } });
    const operations = [
      { op: "test", path: "/data/k", value: "1" },
      { op: "remove", path: "/data/k" },
    ] as const;
    assert(isInvalid(await failure(client.patch(map, { type: "json", operations }, idempotent()))));
    proxy.inject({ nth: 1, action: { kind: "dropAfter" } });
    assert(isNotFound(await failure(client.delete(map, idempotent()))));
    assertEquals(proxy.requests.length, 6);
  }));

for (const kind of ["dropBefore", "dropAfter"] as const) {
  Deno.test(`KubeClient reads again when the connection breaks (${kind})`, () =>
    withMap(async (client, _maps, map) => {
      proxy.inject({ nth: 1, action: { kind } });
      await client.get(map, soon());
      assertEquals(proxy.requests.length, 2);
    }));
}

Deno.test("KubeClient repeats a patch that the server was too busy for", () =>
  withMap(async (client, _maps, map) => {
    proxy.inject({ nth: 1, action: { kind: "answer", status: 409, reason: "Conflict" } });
    await client.patch(map, MERGE, soon());
    assertEquals(proxy.requests.length, 2);
  }));

Deno.test("KubeClient takes a conflict for the answer to a patch that names its version", () =>
  withMap(async (client, _maps, map) => {
    const stale = { type: "merge", body: { ...MERGE.body, metadata: { resourceVersion: "1" } } } as const;
    assert(isConflict(await failure(client.patch(map, stale, soon()))));
    assertEquals(proxy.requests.length, 1);
  }));

Deno.test("KubeClient says that the deadline passed when the server hangs", () =>
  withMap(async (client, _maps, map) => {
    proxy.inject({ action: { kind: "hang" } });
    const error = await failure(client.get(map, { signal: AbortSignal.timeout(300) }));
    assertEquals(error instanceof KubeUnreachableError && error.kind, "deadline");
    assertEquals(error?.message, `Cannot reach API server ${proxy.url}: no answer before the deadline`);
  }));

Deno.test("KubeClient rejects with the caller's reason when the caller cancels", () =>
  withMap(async (client, _maps, map) => {
    proxy.inject({ action: { kind: "hang" } });
    const cancel = new AbortController();
    const answer = failure(client.get(map, { signal: cancel.signal }));
    cancel.abort(new Error("another interface failed"));
    assertEquals((await answer)?.message, "another interface failed");
  }));

Deno.test("listAll() lists again when the server forgets the list half-way", () =>
  withMap(async (client, maps) => {
    await client.create(maps, { ...CONFIG, metadata: { name: "b" } }, soon());
    proxy.inject({ path: /continue=/, action: { kind: "answer", status: 410, reason: "Expired" } });
    assertEquals((await listAll<typeof CONFIG>(client, maps, soon(), 1)).map(({ metadata }) => metadata.name), [
      "a",
      "b",
    ]);
  }));

Deno.test("KubeClient tells that a watch must start over", () =>
  withMap(async (client, maps) => {
    proxy.inject({ path: /watch=true/, action: { kind: "answer", status: 410, reason: "Expired" } });
    assert(isGone(await failure(client.watch(maps, soon()).next())));
  }));

Deno.test("KubeClient tells that a watch broke", async () => {
  const doomed = await startFaultProxy(cluster);
  using client = createClient(loadKubeconfig(doomed.kubeconfig));
  const watch = client.watch({ group: "", version: "v1", plural: "namespaces" }, soon());
  assertEquals((await watch.next()).value?.type, "ADDED");
  const rest = failure(Array.fromAsync(watch));
  await doomed[Symbol.asyncDispose]();
  const error = await rest;
  assertEquals(error instanceof KubeUnreachableError && error.kind, "lost");
});

Deno.test("KubeClient names the server it cannot connect to", async () => {
  const url = unusedUrl();
  using client = createClient(loadKubeconfig(await cluster.writeKubeconfig({ token: "hush" }, url)));
  const error = await failure(client.get(NAMESPACE, { signal: AbortSignal.timeout(2000) }));
  assertEquals(error instanceof KubeUnreachableError && error.kind, "connect");
  assert(error?.message.startsWith(`Cannot reach API server ${url}: tcp connect error: Connection refused`));
});

Deno.test("KubeClient connects, for a write too, once the server is there", async () => {
  const url = new URL(unusedUrl().replace("https:", "http:"));
  using client = createClient(loadKubeconfig(await cluster.writeKubeconfig({ token: "hush" }, url.origin)));
  const answer = client.create<{ kind: string }>({ ...NAMESPACE, name: "a" }, {}, soon());
  assert(await failure(fetch(url)) instanceof TypeError);
  await using _server = Deno.serve(
    { hostname: url.hostname, port: Number(url.port), onListen() {} },
    () => Response.json({ kind: "Namespace" }),
  );
  assertEquals((await answer).kind, "Namespace");
});

Deno.test("KubeClient does not go on with a server whose certificate it cannot trust", async () => {
  const { caPem: _, ...config } = loadKubeconfig(cluster.kubeconfig);
  using client = createClient({ ...config, caPem: undefined });
  const error = await failure(client.get(NAMESPACE, soon()));
  assertEquals(error instanceof KubeUnreachableError && error.kind, "certificate");
});

Deno.test("KubeClient shows no token in any error", async () => {
  const token = "hush-very-secret";
  for (const server of [unusedUrl(), cluster.url, proxy.url]) {
    proxy.reset();
    proxy.inject({ action: { kind: "dropBefore" } });
    using client = createClient(loadKubeconfig(await cluster.writeKubeconfig({ token }, server)));
    const error = await failure(client.delete(NAMESPACE, { signal: AbortSignal.timeout(1000) }));
    assert(error !== undefined);
    assertEquals(Deno.inspect(error, { depth: 10 }).includes(token), false);
  }
});

/** A URL at which nobody listens. */
function unusedUrl(): string {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return `https://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
}
