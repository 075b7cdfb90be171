/** A cluster of its own, to which types come late: with the rights of its manifest each daemon notices them at once. */

import { fromFileUrl } from "@std/path/posix";
import { resourceFor } from "../../lib/api/resource.ts";
import { createClient } from "../../lib/kube/client/client.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import { createInformer, type Informer } from "../../lib/kube/watch/informer.ts";
import { ATTACHMENT_DEFINITIONS } from "../../lib/api/attachment_definition.ts";
import { assertStringIncludes } from "@std/assert";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { eventually } from "../cluster/eventually.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { createDefinition, createSelecting } from "../danm/definition_scene.ts";
import { applyDefinitionCrd, applyNetworkCrds } from "../netwatcher/test_cluster.ts";
import { createTestNode } from "../runtime/test_node.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const NETWORKS = (["DanmNet", "TenantNetwork", "ClusterNetwork"] as const).map((kind) =>
  resourceFor(kind, "danm.k8s.io")
);
const [DANM_EPS, BLOCKS] = (["DanmEp", "AddressBlock"] as const).map((kind) => resourceFor(kind, "danm.k8s.io"));

/** By manifest: the service account, and what it follows. */
const DAEMONS = {
  cleaner: { account: "cleaner", types: [...NETWORKS, DANM_EPS!, BLOCKS!] },
  netwatcher: { account: "netwatcher", types: [...NETWORKS, ATTACHMENT_DEFINITIONS] },
  svcwatcher: { account: "svcwatcher", types: [DANM_EPS!] },
  webhook: { account: "danm-webhook", types: NETWORKS },
};

Deno.test("daemons and danm notice types that come late without having to look, with the rights of their manifests", async () => {
  await using cluster = await startCluster();
  await using cleanUp = new AsyncDisposableStack();
  const informers: { readonly name: string; readonly informer: Informer<unknown> }[] = [];
  const stop = new AbortController();
  for (const [daemon, { account, types }] of Object.entries(DAEMONS)) {
    await applyManifests(cluster, `${ROOT}/manifests/${daemon}/rbac.yaml`);
    const kubeconfig = await cluster.kubeconfigFor({ namespace: "kube-system", name: account });
    const client = cleanUp.use(createClient(loadKubeconfig(kubeconfig)));
    for (const resource of types) {
      const informer = createInformer(client, { resource, pace: { absentPollMs: 3_600_000 } });
      const running = informer.run(stop.signal);
      cleanUp.defer(async () => {
        stop.abort();
        await running;
      });
      informers.push({ name: `${daemon} ${resource.plural}`, informer });
    }
  }
  const missing = (is: (informer: Informer<unknown>) => boolean) =>
    informers.filter(({ informer }) => !is(informer)).map(({ name }) => name);
  const all = (what: string, is: (informer: Informer<unknown>) => boolean) =>
    eventually(what, () => missing(is).length === 0 || undefined);
  await all("know that nothing is there", ({ isAbsent }) => isAbsent);
  await applyNetworkCrds(cluster);
  await using node = await createTestNode(cluster);
  await node.createNetwork("default", { cidr: "10.1.0.0/24" });
  await using container = await createSelecting(node, "late");
  assertStringIncludes(
    await node.attachFails(container),
    `entry 0: there is no NetworkAttachmentDefinition ${node.namespace}/late`,
  );
  await applyDefinitionCrd(cluster);
  await all("follow everything", ({ isCurrent }) => isCurrent);
  await createDefinition(node, "late", { type: "macvlan", master: node.parent, ipam: {} });
  await node.attach(container);
  await node.detach(container);
});
