import type { BlockSpace } from "../ipam/block.ts";
import { blockStoreCases } from "../ipam/block_store_conformance.ts";
import { applyManifests } from "../../tests/cluster/apply_manifests.ts";
import { sharedCluster } from "../../tests/cluster/shared_cluster.ts";
import { createBlockStore } from "./block_store.ts";

function freshSpace(): BlockSpace {
  return { network: { kind: "DanmNet", namespace: "default", name: "a", uid: crypto.randomUUID() }, family: 4 };
}

Deno.test("createBlockStore()", async (t) => {
  await using cluster = await sharedCluster();
  await applyManifests(cluster, "crds/lightweight");
  using client = cluster.client();
  const store = createBlockStore(client, "danm.k8s.io");
  for (const { name, run } of blockStoreCases) await t.step(name, () => run(store, freshSpace()));
});
