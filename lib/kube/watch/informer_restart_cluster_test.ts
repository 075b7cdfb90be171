/** A cluster of its own, whose API server is killed and started again. */

import { assert, assertEquals } from "@std/assert";
import { eventually } from "../../../tests/cluster/eventually.ts";
import { startCluster } from "../../../tests/cluster/start_cluster.ts";
import { startTcpProxy } from "../../../tests/cluster/tcp_proxy.ts";
import type { KubeObject } from "../../api/kube_object.ts";
import { createDaemonClient } from "../client/daemon_client.ts";
import { createInformer } from "./informer.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";

type ConfigMap = KubeObject<"ConfigMap", { readonly data?: Readonly<Record<string, string>> }>;

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps" };
const soon = () => ({ signal: AbortSignal.timeout(30_000) });

Deno.test("createInformer() misses nothing when the API server is restarted, its own line being dead or alive", async () => {
  await using cluster = await startCluster();
  using line = startTcpProxy(cluster.url);
  using client = createDaemonClient(() => ({ ...loadKubeconfig(cluster.kubeconfig), server: line.url }));
  using admin = cluster.client();
  const maps = { ...CONFIG_MAPS, namespace: await cluster.createNamespace() };
  const put = async (name: string, value: string) => {
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } };
    await admin.patch({ ...maps, name }, { type: "apply", body, fieldManager: "test" }, soon());
  };
  const failures: string[] = [];
  const pace = { backoff: { firstMs: 20, maxMs: 500 }, silenceMs: 5000 };
  const seen = new Map<string, string | undefined>();
  const informer = createInformer<ConfigMap>(client, { resource: CONFIG_MAPS, namespace: maps.namespace, pace }, {
    failed: (error) => failures.push(String(error)),
    changed({ key, before, after }) {
      assertEquals(seen.get(key), before?.data?.["value"]);
      if (after === undefined) seen.delete(key);
      else seen.set(key, after.data?.["value"]);
    },
  });
  const stop = new AbortController();
  const running = informer.run(stop.signal);
  await informer.synced;
  for (const [round, spoil] of [() => {}, line.cut, line.freeze, line.isolate].entries()) {
    await put("kept", `${round}`);
    await put(`new-${round}`, "0");
    if (round > 0) await admin.delete({ ...maps, name: `new-${round - 1}` }, soon());
    spoil(); // with "isolate", the informer is behind when the server goes: its place in the history goes with it
    await put("late", `${round}`);
    await cluster.stopApiServer();
    await cluster.startApiServer();
    await put("after", `${round}`);
    line.mend();
    const expected = { kept: `${round}`, late: `${round}`, after: `${round}`, [`new-${round}`]: "0" };
    await eventually(`know everything in round ${round}`, () => {
      const known = Object.fromEntries(informer.list().map(({ metadata, data }) => [metadata.name, data?.["value"]]));
      assertEquals(known, expected);
      return true;
    });
  }
  assert(failures.some((failure) => failure.includes("410 Expired")), failures.join("\n"));
  stop.abort();
  await running;
});
