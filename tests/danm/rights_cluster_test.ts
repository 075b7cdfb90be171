import { assertEquals } from "@std/assert";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createTestNode } from "../runtime/test_node.ts";

const RBAC = new URL("../../manifests/danm/rbac.yaml", import.meta.url).pathname;

Deno.test("danm attaches, checks, detaches and collects garbage with the rights of its manifest alone", async () => {
  await using cluster = await sharedCluster();
  await applyManifests(cluster, RBAC);
  const kubeconfig = await cluster.kubeconfigFor({ namespace: "kube-system", name: "danm" });
  await using node = await createTestNode(cluster, kubeconfig);
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8::/64" });
  await node.createNetwork("default", { cidr: "10.2.0.0/24" }, { kind: "TenantNetwork" });
  await using asked = await node.createContainer([{ network: "a", ip: "dynamic", ip6: "dynamic" }]);
  await using plain = await node.createContainer();
  for (const container of [asked, plain]) {
    await node.attach(container);
    assertEquals((await node.runtime.call("CHECK", container.sandbox)).code, 0);
    await node.detach(container);
  }
  await node.attach(asked);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(asked); // by its DanmEps
  await node.attach(plain);
  const newest = { cniVersion: "1.1.0", "cni.dev/valid-attachments": [] };
  for (const command of ["STATUS", "GC"]) {
    assertEquals((await node.runtime.call(command, plain.sandbox, newest)).code, 0, command);
  }
  assertEquals(await node.leftovers(), []);
});
