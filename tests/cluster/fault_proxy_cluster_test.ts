import { assertEquals, assertRejects } from "@std/assert";
import { startFaultProxy } from "./fault_proxy.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import { sharedCluster } from "./shared_cluster.ts";

const cluster = await sharedCluster();
const proxy = await startFaultProxy(cluster);
const http = Deno.createHttpClient({ caCerts: [cluster.caPem], http2: false });
Deno.test.afterAll(async () => {
  http.close();
  await proxy[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const NAMESPACES = "/api/v1/namespaces";

function request(
  method: string,
  path: string,
  options: RequestInit & { signal?: AbortSignal } = {},
): Promise<Response> {
  return fetch(proxy.url + path, { client: http, method, signal: AbortSignal.timeout(20_000), ...options });
}

async function postNamespace(name: string): Promise<Response> {
  const body = JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return await request("POST", NAMESPACES, { body, headers: { "content-type": "application/json" } });
}

async function status(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

Deno.test("startFaultProxy() passes requests and answers on, and logs them", async () => {
  proxy.reset();
  const name = `test-${crypto.randomUUID()}`;
  assertEquals(await status(postNamespace(name)), 201);
  assertEquals((await (await request("GET", `${NAMESPACES}/${name}?pretty=0`)).json()).metadata.name, name);
  assertEquals(proxy.requests, [
    { method: "POST", path: NAMESPACES },
    { method: "GET", path: `${NAMESPACES}/${name}?pretty=0` },
  ]);
  assertEquals([proxy.count({ method: "GET" }), proxy.count({ path: /namespaces$/ })], [1, 1]);
});

Deno.test("startFaultProxy() passes a watch on as it comes, be it silent or not", async () => {
  proxy.reset();
  const watch = (name: string) => request("GET", `${NAMESPACES}?watch=true&fieldSelector=metadata.name=${name}`);
  await (await watch("nobody")).body!.cancel();
  const reader = (await watch("default")).body!.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals(JSON.parse((await reader.read()).value!).object.metadata.name, "default");
  await reader.cancel();
});

Deno.test("startFaultProxy() keeps the identity of a bearer token", async () => {
  proxy.reset();
  const config = loadKubeconfig(await proxy.kubeconfigFor({ namespace: "default", name: "nobody" }));
  assertEquals(config.server, proxy.url);
  const { token } = config.bearer as { token: string };
  assertEquals(await status(request("GET", NAMESPACES, { headers: { authorization: `Bearer ${token}` } })), 403);
  assertEquals(await status(request("GET", NAMESPACES)), 200);
});

Deno.test("startFaultProxy() answers in the API server's place", async () => {
  proxy.reset();
  proxy.inject({ action: { kind: "answer", status: 429, reason: "TooManyRequests", retryAfterS: 7 } });
  const response = await request("GET", NAMESPACES);
  const { kind, reason, code } = await response.json();
  assertEquals([response.status, response.headers.get("retry-after")], [429, "7"]);
  assertEquals([kind, reason, code], ["Status", "TooManyRequests", 429]);
});

Deno.test("startFaultProxy() breaks a connection before the API server sees the request", async () => {
  proxy.reset();
  const name = `test-${crypto.randomUUID()}`;
  proxy.inject({ method: "POST", nth: 1, action: { kind: "dropBefore" } });
  await assertRejects(() => postNamespace(name), TypeError);
  assertEquals(await status(request("GET", `${NAMESPACES}/${name}`)), 404);
});

Deno.test("startFaultProxy() loses an answer after the API server has done its work", async () => {
  proxy.reset();
  const name = `test-${crypto.randomUUID()}`;
  proxy.inject({ method: "POST", nth: 1, action: { kind: "dropAfter" } });
  await assertRejects(() => postNamespace(name), TypeError);
  assertEquals(await status(request("GET", `${NAMESPACES}/${name}`)), 200);
});

Deno.test("startFaultProxy() holds a request until it is let go", async () => {
  proxy.reset();
  const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
  proxy.inject({ nth: 1, action: { kind: "hold", until } });
  const held = status(request("GET", NAMESPACES));
  assertEquals(await status(request("GET", NAMESPACES)), 200);
  letGo();
  assertEquals(await held, 200);
});

Deno.test("startFaultProxy() hangs and delays", async () => {
  proxy.reset();
  proxy.inject({ nth: 1, action: { kind: "hang" } });
  proxy.inject({ nth: 2, action: { kind: "delay", ms: 20 } });
  await assertRejects(() => request("GET", NAMESPACES, { signal: AbortSignal.timeout(100) }), DOMException);
  assertEquals(await status(request("GET", NAMESPACES)), 200);
  assertEquals(await status(request("GET", NAMESPACES)), 200);
});
