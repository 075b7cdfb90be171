/** DANM installed by its own installer on nodes of namespaces, from its own images, as the network of real Pods. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { installDanm } from "./install_danm.ts";
import { nodeLeftovers, podLeftovers } from "./leftovers.ts";
import { networks } from "./networks.ts";
import { startRealCluster } from "./real_cluster.ts";
import { applyScene, deleteScene, openScene, type PodView } from "./scene.ts";

Deno.test("DANM serves the Pods of two nodes, from installation to the last one's end", async (t) => {
  await using cluster = await startRealCluster([startNamespaceMachine, startNamespaceMachine]);
  const scene = openScene(cluster);
  const [first, second] = cluster.nodes;
  const { kubectl } = cluster;

  await t.step("it installs itself and becomes the nodes' network", async () => {
    await installDanm(cluster);
    for (const node of cluster.nodes) {
      assertEquals((await node.run("ls", "/etc/cni/net.d")).split("\n")[0], "00-danm.conf");
    }
  });

  let web: readonly PodView[] = [];
  let gateways: readonly PodView[] = [];
  /** Each gateway asks each one on each network: some are on another node. */
  const servicesLead = async () => {
    gateways = await scene.pods("gateway", 2);
    for (const network of ["external", "internal"]) {
      const addresses = await scene.addresses(network);
      await scene.leadsTo(gateways[0]!, `gateway-${network}`, network, gateways);
      for (const from of gateways) {
        for (const { name } of gateways) {
          assertEquals(await scene.request(from, addresses.get(name)!), `${name}\n`);
        }
      }
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

  await t.step("netwatcher has attached them, in the files of its node", async () => {
    const ask = "exec 3<>/dev/tcp/127.0.0.1/9110; printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
    for (const node of cluster.nodes) {
      const metrics = await node.run("bash", "-c", ask);
      assertMatch(metrics, /\ndanm_agent_call_seconds_count\{command="ADD",result="success"\} [1-9]/, node.name);
    }
  });

  await t.step("each Service leads to its network's interfaces", servicesLead);

  await t.step("a rolling update replaces all Pods, and the Services follow", async () => {
    const before = gateways.map(({ uid }) => uid);
    await kubectl("set", "env", "deployment/gateway", "VERSION=2");
    await kubectl("rollout", "status", "--timeout=60s", "deployment/gateway");
    await servicesLead();
    for (const { uid } of gateways) assert(!before.includes(uid));
  });

  await t.step("a drained node is left clean, and its Pods serve elsewhere", async () => {
    assertEquals(new Set(gateways.map(({ node }) => node)).size, 2);
    await kubectl("drain", second!.name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s");
    await eventually("see nothing left on it", async () => {
      assertEquals(await nodeLeftovers(second!), []);
      return true;
    }, 250);
    await servicesLead();
    assertEquals(gateways.map(({ node }) => node), [first!.name, first!.name]);
    await kubectl("uncordon", second!.name);
  });

  await t.step("nothing is left of deleted Pods, and no link of deleted networks", async () => {
    await deleteScene(cluster);
    await eventually("see nothing left of Pods", async () => {
      assertEquals(await podLeftovers(cluster), []);
      return true;
    }, 250);
    const hasLink = async () => {
      const links = await Promise.all(cluster.nodes.map((node) => node.run("ip", "-brief", "link")));
      return links.map((text) => text.includes("vx_internal"));
    };
    assertEquals(await hasLink(), [true, true]);
    await kubectl("delete", "clusternetworks.danm.k8s.io", "--all");
    await eventually("see no link of a network", async () => !(await hasLink()).includes(true) || undefined);
  });
});
