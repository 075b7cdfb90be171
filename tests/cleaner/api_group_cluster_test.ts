import { assertEquals } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { openScene, startCleanerCluster, startCleanerProcess } from "./cleaner_scene.ts";

const GROUP = "danm.io";

Deno.test("cleaner works under the other API group, with the rights of its manifest", async () => {
  await using cluster = await startCleanerCluster(GROUP);
  using scene = await openScene(cluster, GROUP);
  await using cleaner = await startCleanerProcess(cluster, ["--leader-elect=false", `--api-group=${GROUP}`]);
  const [gone, alive] = [await scene.createPod(), await scene.createPod()];
  await scene.attach(gone, { ip: "dynamic", ip6: "dynamic" });
  const kept = await scene.attach(alive, { ip: "10.1.7.7", ip6: "2001:db8::7:7" });
  await scene.deletePod(gone);
  await scene.holds(kept);
  await eventually("see it counted", async () => {
    return await cleaner.metric('danm_cleaner_removed_total{what="endpoint"}') === 1 || undefined;
  });
  assertEquals(await cleaner.metric('danm_cleaner_removed_total{what="address"}'), 2);
});
