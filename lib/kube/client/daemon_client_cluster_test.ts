import { assert, assertEquals, assertRejects } from "@std/assert";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { startTcpProxy } from "../../../tests/cluster/tcp_proxy.ts";
import type { KubeClient } from "./client.ts";
import { createDaemonClient } from "./daemon_client.ts";
import { KubeError, KubeUnreachableError } from "./kube_error.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };
const DEFAULT = { ...NAMESPACES, name: "default" };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error) => error);
}

/** A client whose connection died without a word after its first request. */
async function withDeadLine(body: (client: KubeClient) => Promise<void>): Promise<void> {
  using line = startTcpProxy(cluster.url);
  using client = createDaemonClient(() => ({ ...loadKubeconfig(cluster.kubeconfig), server: line.url }));
  await client.get(DEFAULT, soon());
  line.freeze();
  await body(client);
  assertEquals(line.opened, 2);
}

Deno.test("createDaemonClient() leaves a dead connection after one answer that did not come", () =>
  withDeadLine(async (client) => {
    const error = await failure(client.get(DEFAULT, { signal: AbortSignal.timeout(300) }));
    assert(error instanceof KubeUnreachableError && error.kind === "deadline");
    await client.get(DEFAULT, soon());
  }));

Deno.test("createDaemonClient() leaves a dead connection after a watch that was silent for too long", () =>
  withDeadLine(async (client) => {
    const error = await failure(client.watch(NAMESPACES, { signal: AbortSignal.timeout(300) }).next());
    assert(error instanceof KubeUnreachableError && error.kind === "deadline");
    await client.get(DEFAULT, soon());
  }));

Deno.test("createDaemonClient() reads its configuration again when the server refuses it", async () => {
  const [wrong, right] = [await cluster.writeKubeconfig({ token: "expired" }), cluster.kubeconfig];
  let kubeconfig = wrong;
  using client = createDaemonClient(() => loadKubeconfig(kubeconfig));
  assertEquals((await assertRejects(() => client.get(DEFAULT, soon()), KubeError)).status, 401);
  kubeconfig = "/half/written";
  assertEquals((await assertRejects(() => client.get(DEFAULT, soon()), KubeError)).status, 401);
  kubeconfig = right;
  assertEquals((await assertRejects(() => client.get(DEFAULT, soon()), KubeError)).status, 401); // the last one
  await client.get(DEFAULT, soon());
});

Deno.test("createDaemonClient() reads its configuration again when it cannot trust the server's certificate", async () => {
  let trusts = false;
  using client = createDaemonClient(() => {
    const config = loadKubeconfig(cluster.kubeconfig);
    return trusts ? config : { ...config, caPem: undefined };
  });
  trusts = true;
  const error = await failure(client.get(DEFAULT, soon()));
  assert(error instanceof KubeUnreachableError && error.kind === "certificate");
  await client.get(DEFAULT, soon());
});

Deno.test("createDaemonClient() keeps what runs on the old connection", async () => {
  let kubeconfig = cluster.kubeconfig;
  using client = createDaemonClient(() => loadKubeconfig(kubeconfig));
  const watch = client.watch<{ metadata: { name: string } }>(NAMESPACES, soon());
  await watch.next();
  kubeconfig = await cluster.writeKubeconfig({
    certificate: await cluster.issueClientCertificate({ commonName: "b" }),
  });
  await failure(client.get(DEFAULT, { signal: AbortSignal.timeout(0) }));
  assertEquals((await assertRejects(() => client.get(DEFAULT, soon()), KubeError)).status, 403);
  const name = await cluster.createNamespace();
  for await (const { object } of watch) {
    if (object.metadata.name === name) break;
  }
});
