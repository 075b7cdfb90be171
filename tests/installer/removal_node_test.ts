/** Taking DANM from a real node, by mistake and on purpose. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { installDanm } from "../e2e/install_danm.ts";
import { networks } from "../e2e/networks.ts";
import { startRealCluster } from "../e2e/real_cluster.ts";
import { applyScene, deleteScene, openScene } from "../e2e/scene.ts";
import { manifestFolder } from "../manifests/render.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";

const INSTALLER = ["--namespace=kube-system", "daemonset/danm-installer"];

/** Prints what is in the folders that the installer writes, but for netwatcher's socket. */
const LIST = "find /opt/danm /opt/cni/bin /etc/cni/net.d /var/lib/danm -mindepth 1 ! -type s 2>/dev/null || true";

Deno.test("a node goes on without the installer, is left clean by it, and taken again", async (t) => {
  await using cluster = await startRealCluster([startNamespaceMachine]);
  const scene = openScene(cluster);
  const [node] = cluster.nodes;
  const { kubectl } = cluster;
  const files = async () => (await node!.run("sh", "-c", LIST)).trim().split("\n").sort();
  const before = await files();
  await installDanm(cluster);

  await t.step("Pods come when the installer and its token are gone", async () => {
    await kubectl("delete", ...INSTALLER, "--cascade=foreground", "--timeout=60s");
    await applyScene(cluster, networks("macvlan"));
    await scene.pods("gateway", 2);
  });

  await t.step("DANM stays as long as Pods need it", async () => {
    await kubectl("apply", `--kustomize=${manifestFolder("uninstall")}`);
    const reason = await eventually("hear why it stays", async () => {
      const log = await kubectl("logs", ...INSTALLER);
      return log.split("\n").find((line) => line.includes("cannot uninstall"));
    });
    assertStringIncludes(reason, "containers attached are 5");
    assertEquals((await files()).includes("/etc/cni/net.d/00-danm.conf"), true);
  });

  await t.step("all of it goes with the last Pod", async () => {
    await deleteScene(cluster);
    await kubectl("rollout", "status", ...INSTALLER, "--timeout=60s");
    assertEquals(await files(), before);
  });

  await t.step("it comes back", async () => {
    await installDanm(cluster);
    await applyScene(cluster, networks("macvlan"));
    await scene.pods("gateway", 2);
  });
});
