/** A cluster of its own: DANM's kinds come late, and under the other API group. */

import { assertEquals } from "@std/assert";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { openServiceScene } from "./service_scene.ts";
import { MANIFESTS, startSvcwatcherProcess } from "./svcwatcher_process.ts";

Deno.test("svcwatcher takes DANM's kinds when they come, of either group, and annotations under both prefixes", async () => {
  await using cluster = await startCluster();
  await applyManifests(cluster, `${MANIFESTS}/rbac.yaml`);
  using scene = await openServiceScene(cluster, "danm.io");
  await using svcwatcher = await startSvcwatcherProcess(cluster, ["--leader-elect=false", "--api-group=danm.io"]);
  await svcwatcher.ready();
  assertEquals(await svcwatcher.metric('danm_watch_served{resource="danmeps"}'), 0);
  await scene.createService("web", { clusterNetwork: "net" });
  await scene.createService("old", {});
  const annotations = { "danm.k8s.io/selector": null, "danm.io/selector": '{"app":"web"}', "danm.io/network": "net" };
  await scene.changeService("old", { metadata: { annotations } });
  const pod = await scene.createPod();

  await installCrds(cluster, "danm.io", "production");
  await scene.attach(pod, { kind: "ClusterNetwork", ip: "10.0.0.1/24" });
  await scene.attach(pod, { ip: "10.0.0.2/24" });
  await scene.publishes("web", "10.0.0.1");
  await scene.publishes("old", "10.0.0.2");
  await cluster.kubectl("delete", "crd", "danmeps.danm.io");
  for (const name of ["web", "old"]) await scene.publishes(name);
  svcwatcher.kill("SIGTERM");
  assertEquals((await svcwatcher.status).code, 0);
});
