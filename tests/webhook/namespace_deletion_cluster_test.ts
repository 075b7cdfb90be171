import { assertEquals } from "@std/assert";
import type { Network } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { isNotFound } from "../../lib/kube/client/kube_error.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { type GuardedProcess, startGuarded } from "../cluster/guarded_process.ts";
import { create, endpointOf, GROUP, network, putTenantConfig, soon } from "./webhook_cluster.ts";
import { openWebhookScene } from "./webhook_scene.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };

/**
 * Starts Kubernetes' own controller of namespaces: with a service account, as installers have it, or under its own user,
 * which needs more rights then than Kubernetes gives it.
 */
async function startNamespaceController(cluster: Cluster, asAccount: boolean): Promise<GuardedProcess> {
  const user = "--user=system:kube-controller-manager";
  if (!asAccount) await cluster.kubectl("create", "clusterrolebinding", "own", "--clusterrole=cluster-admin", user);
  const certificate = await cluster.issueClientCertificate({
    commonName: "system:kube-controller-manager",
    organizations: [],
  });
  return startGuarded([
    await findBinary("kube-controller-manager"),
    `--kubeconfig=${await cluster.writeKubeconfig({ certificate })}`,
    "--controllers=namespace-controller,serviceaccount-controller",
    `--use-service-account-credentials=${asAccount}`,
    `--service-account-private-key-file=${cluster.folder}/service-account.key`,
    "--leader-elect=false",
    "--secure-port=0",
  ], `${cluster.folder}/kube-controller-manager.log`);
}

for (const asAccount of [true, false]) {
  const user = asAccount ? "a service account" : "its own user";
  Deno.test(`Kubernetes empties a namespace, as ${user}, once its Pods have gone and not before`, async () => {
    await using scene = await openWebhookScene();
    const { cluster, webhook, admin } = scene;
    await using _controller = await startNamespaceController(cluster, asAccount);
    const namespace = await cluster.createNamespace();
    await putTenantConfig(admin, "config", { hostDevices: [{ name: "ens4" }] });
    const used = await create(admin, network("DanmNet", namespace, "used", { NetworkID: "a" }));
    await create(admin, network("TenantNetwork", namespace, "free", { NetworkID: "a" }));
    const spec = {
      nodeName: "node-1",
      containers: [{ name: "main", image: "none" }],
      terminationGracePeriodSeconds: 300,
    };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web-0" }, spec };
    await admin.create({ ...PODS, namespace }, pod, soon());
    await create(admin, endpointOf(used, namespace, "web-0"));

    const read = async <T>(ref: Parameters<typeof admin.get>[0]) => {
      return await admin.get<T>(ref, soon()).catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
    };
    await admin.delete({ ...NAMESPACES, name: namespace }, soon());
    const ofPod = { ...PODS, namespace, name: "web-0" };
    await eventually("see the Pod being deleted", async () => {
      return (await read<{ metadata: { deletionTimestamp?: string } }>(ofPod))?.metadata.deletionTimestamp;
    });
    const ofNetwork = { ...resourceFor("DanmNet", GROUP), namespace, name: "used" };
    assertEquals((await read<Network>(ofNetwork))?.metadata.uid, used.metadata.uid, "its Pod has not ended");

    // What danm does at DEL, and then kubelet.
    await admin.delete({ ...resourceFor("DanmEp", GROUP), namespace, name: "web-0" }, soon()).catch((error) => {
      if (!isNotFound(error)) throw error;
    });
    await cluster.kubectl("delete", "pod", "web-0", `--namespace=${namespace}`, "--force", "--grace-period=0");
    await eventually("see the namespace gone", async () => {
      return await read({ ...NAMESPACES, name: namespace }) === undefined || undefined;
    });
    const denied = webhook.log.filter(({ message, operation }) => message === "denied" && operation === "DELETE");
    assertEquals(denied, [], "its controller is not even asked about");
  });
}
