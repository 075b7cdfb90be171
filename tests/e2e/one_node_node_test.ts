/** DANM installed by its own installer on a node of namespaces, from its own images, as the network of real Pods. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { installDanm } from "./install_danm.ts";
import { podLeftovers } from "./leftovers.ts";
import { networks } from "./networks.ts";
import { startRealCluster } from "./real_cluster.ts";
import { applyScene, deleteScene, openScene, type PodView } from "./scene.ts";

Deno.test("DANM serves the Pods of a node, from installation to the last one's end", async (t) => {
  await using cluster = await startRealCluster(startNamespaceMachine, 1);
  const scene = openScene(cluster);
  const [node] = cluster.nodes;
  const { kubectl } = cluster;

  await t.step("it installs itself and becomes the node's network", async () => {
    await installDanm(cluster);
    const [first] = (await node!.run("ls", "/etc/cni/net.d")).split("\n");
    assertEquals(first, "00-danm.conf");
  });

  let web: readonly PodView[] = [];
  let gateways: readonly PodView[] = [];
  const servicesLead = async () => {
    gateways = await scene.pods("gateway", 2);
    for (const network of ["external", "internal"]) {
      const found = await scene.leadsTo(web[0]!, `gateway-${network}`, network, gateways);
      for (const address of found) assertEquals((await scene.request(gateways[0]!, address)).split("-")[0], "gateway");
    }
  };

  await t.step("Deployments run on the default network and on three", async () => {
    await applyScene(cluster, networks("macvlan"));
    web = await scene.pods("web", 3);
    gateways = await scene.pods("gateway", 2);
    const links = await scene.exec(gateways[0]!, "ls", "/sys/class/net");
    assertEquals(links.trim().split("\n"), ["eth0", "ext1", "int2", "lo"]);
    for (const { address } of gateways) await scene.request(web[0]!, address);
    assertEquals(await scene.resolve(web[0]!, "web").then((found) => found.length), 1); // its cluster IP
  });

  await t.step("each Service leads to its network's interfaces", servicesLead);

  await t.step("a rolling update replaces all Pods, and the Services follow", async () => {
    const before = gateways.map(({ uid }) => uid);
    await kubectl("set", "env", "deployment/gateway", "VERSION=2");
    await kubectl("rollout", "status", "--timeout=60s", "deployment/gateway");
    await servicesLead();
    for (const { uid } of gateways) assert(!before.includes(uid));
  });

  await t.step("a drained node is left clean, and used again", async () => {
    await kubectl("drain", node!.name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=60s");
    await eventually("see nothing left of Pods", async () => {
      const left = await podLeftovers(cluster);
      assertEquals(left, []);
      return true;
    }, { intervalMs: 250 });
    await kubectl("uncordon", node!.name);
    const old = web;
    web = await scene.pods("web", 3);
    assertNotEquals(web[0]!.uid, old[0]!.uid);
    await servicesLead();
  });

  await t.step("nothing is left of deleted Pods, and no link of deleted networks", async () => {
    await deleteScene(cluster);
    await eventually("see nothing left of Pods", async () => {
      assertEquals(await podLeftovers(cluster), []);
      return true;
    }, { intervalMs: 250 });
    assert((await node!.run("ip", "-brief", "link")).includes("vx_internal"));
    await kubectl("delete", "clusternetworks.danm.k8s.io", "--all");
    await eventually("see no link of a network", async () => {
      return !(await node!.run("ip", "-brief", "link")).includes("vx_internal") || undefined;
    });
  });
});
