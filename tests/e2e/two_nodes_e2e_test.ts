/**
 * Two machines with a real Debian kernel, ipvlan Pods on a VLAN and a VXLAN between them, and a power cut. A third node,
 * of this host's namespaces, has the Deployments of DANM: as emulated machines go, those two have enough to do.
 */

import { assert, assertEquals } from "@std/assert";
import { eventually } from "../cluster/eventually.ts";
import { startEmulatedMachine } from "../node/start_emulated_machine.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { installDanm } from "./install_danm.ts";
import { podLeftovers } from "./leftovers.ts";
import { networks } from "./networks.ts";
import { startRealCluster } from "./real_cluster.ts";
import { applyScene, deleteScene, openScene, type PodView } from "./scene.ts";

/** An emulated machine on a busy host takes its time, and the cleaner lets a minute pass. */
const PATIENCE_MS = 600_000;
const VLAN = 300;
/** What tells the cluster that a node is off for sure. Source: Kubernetes, non-graceful node shutdown. */
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service=off:NoExecute";

Deno.test("DANM serves Pods on two nodes, through the loss of one", async (t) => {
  await using cluster = await startRealCluster([startNamespaceMachine, startEmulatedMachine, startEmulatedMachine]);
  const scene = openScene(cluster);
  const [control, first, second] = cluster.nodes;
  const { kubectl } = cluster;
  let gateways: readonly PodView[] = [];
  const on = (node: string) => gateways.find((pod) => pod.node === node)!;

  const reachEachOther = async () => {
    gateways = await scene.pods("gateway", 2);
    assertEquals(gateways.map(({ node }) => node).sort(), [first!.name, second!.name]);
    for (const network of ["external", "internal"]) {
      const addresses = await scene.addresses(network);
      for (const [from, to] of [gateways, gateways.toReversed()] as [PodView, PodView][]) {
        assertEquals(await scene.request(from, addresses.get(to.name)!), `${to.name}\n`);
      }
    }
  };
  const servicesLead = async (pods: readonly PodView[]) => {
    for (const network of ["external", "internal"]) {
      await scene.leadsTo(pods[0]!, `gateway-${network}`, network, pods);
    }
  };

  await t.step("it installs itself on both", async () => {
    await kubectl("cordon", first!.name, second!.name);
    await installDanm(cluster, PATIENCE_MS / 1000, { timeout: "300" });
    await kubectl("scale", "--namespace=kube-system", "--replicas=1", "deployment", "--all");
    await kubectl("uncordon", first!.name, second!.name);
    await kubectl("cordon", control!.name);
  });

  await t.step("ipvlan Pods reach each other over a VLAN and a VXLAN", async () => {
    await applyScene(cluster, networks("ipvlan", VLAN));
    await reachEachOther();
    await servicesLead(gateways);
  });

  await t.step("Services leave a node that is lost", async () => {
    await second!.powerOff();
    await servicesLead([on(first!.name)]);
  });

  await t.step("its Pods are replaced, and what they held is freed", async () => {
    const lost = on(second!.name);
    await kubectl("taint", "node", second!.name, OUT_OF_SERVICE);
    gateways = await scene.pods("gateway", 2);
    assert(gateways.every(({ node }) => node === first!.name));
    await eventually("see the cleaner free addresses", async () => {
      const left = [...await scene.addresses("external"), ...await scene.addresses("internal")];
      return !left.some(([pod]) => pod === lost.name) || undefined;
    }, 1000);
    await servicesLead(gateways);
  });

  await t.step("it comes back with its links, and carries Pods again", async () => {
    await second!.powerOn();
    await cluster.join(second!);
    await kubectl("taint", "node", second!.name, `${OUT_OF_SERVICE.split("=")[0]}-`);
    await kubectl(
      "rollout",
      "status",
      "--namespace=kube-system",
      `--timeout=${PATIENCE_MS / 1000}s`,
      "daemonset/netwatcher",
    );
    await eventually("see the links of networks", async () => {
      const links = await second!.run("ip", "-brief", "link");
      return ["external.300@eth1", "vx_internal"].every((link) => links.includes(link)) || undefined;
    }, 1000);
    await kubectl("delete", "pod", on(first!.name).name);
    await reachEachOther();
    await servicesLead(gateways);
  });

  await t.step("nothing is left of Pods on either", async () => {
    await deleteScene(cluster);
    await eventually("see nothing left", async () => {
      assertEquals(await podLeftovers(cluster), []);
      return true;
    }, 1000);
  });
});
