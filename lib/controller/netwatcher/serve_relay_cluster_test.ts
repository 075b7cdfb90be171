import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { openStandardErrorLog } from "../../host/serving/log.ts";
import { createApiRelay } from "../../kube/client/api_relay.ts";
import { createClient } from "../../kube/client/client.ts";
import { KubeError } from "../../kube/client/kube_error.ts";
import { loadKubeconfig } from "../../kube/config/load_kubeconfig.ts";
import { unreachableKind } from "../../kube/client/relay_protocol.ts";
import { serveRelay } from "./serve_relay.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const namespaces = { group: "", version: "v1", plural: "namespaces" };

/** Serves the relay of a process that is the administrator, by certificate; resolves to its folder. */
async function startRelay(stack: AsyncDisposableStack): Promise<string> {
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const log = stack.use(openStandardErrorLog("error", {}));
  const config = () => loadKubeconfig(cluster.kubeconfig);
  const stop = new AbortController();
  const serving = serveRelay({ config, log }, folder, stop.signal);
  stack.defer(async () => {
    stop.abort();
    await serving;
  });
  await eventually("see the socket", () => Deno.stat(`${folder}/api.sock`).catch(() => undefined));
  return `${folder}/api.sock`;
}

/** A client of a service account without any rights, whose own way leads nowhere. */
async function createPowerless(stack: AsyncDisposableStack, socket: string) {
  const namespace = await cluster.createNamespace();
  const kubeconfig = await cluster.kubeconfigFor({ namespace, name: "powerless" }, "https://127.0.0.1:2");
  return stack.use(createClient(loadKubeconfig(kubeconfig), { relaySocket: socket }));
}

Deno.test("serveRelay() lends connections and no rights", async () => {
  await using stack = new AsyncDisposableStack();
  const powerless = await createPowerless(stack, await startRelay(stack));
  const request = powerless.list(namespaces, { signal: AbortSignal.timeout(10_000) });
  const error = await assertRejects(() => request, KubeError);
  assertEquals(error.status, 403);
});

Deno.test("createApiRelay() refuses a request without a token", async () => {
  using relay = createApiRelay(() => loadKubeconfig(cluster.kubeconfig));
  assertEquals((await relay.respond(new Request("http://relay/api/v1/namespaces"))).status, 401);
});

Deno.test("createApiRelay() says why it cannot reach the API server", async () => {
  using relay = createApiRelay(() => ({ ...loadKubeconfig(cluster.kubeconfig), server: "https://127.0.0.1:2" }));
  const headers = { authorization: "Bearer any" };
  const answer = await relay.respond(new Request("http://relay/api/v1/namespaces", { headers }));
  assertEquals([answer.status, unreachableKind(answer)], [502, "connect"]);
});
