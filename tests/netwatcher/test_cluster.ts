/** What netwatcher needs of a cluster. */

import { fromFileUrl } from "@std/path/posix";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";

const path = (file: string) => fromFileUrl(new URL(file, import.meta.url));

/** Both sets of DANM's CRDs. */
export async function applyNetworkCrds(cluster: Cluster): Promise<void> {
  await applyManifests(cluster, path("../../crds/lightweight"), path("../../crds/production"));
}

/** The CRD of NetworkAttachmentDefinitions. */
export async function applyDefinitionCrd(cluster: Cluster): Promise<void> {
  await applyManifests(cluster, path("../../manifests/definitions/crd.yaml"));
}

/** Applies what netwatcher is deployed by; resolves to a kubeconfig with the rights it has in a cluster. */
export async function applyNetwatcher(cluster: Cluster): Promise<string> {
  await cluster.kubectl("apply", "--recursive", `--filename=${path("../../manifests/netwatcher")}`);
  return await cluster.kubeconfigFor({ namespace: "kube-system", name: "netwatcher" });
}
