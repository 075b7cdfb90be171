/** Installing DANM's CustomResourceDefinitions in a cluster of a test. */

import { fromFileUrl } from "@std/path/posix";
import { INSTALL_SETS } from "../../crds/render.ts";
import { type ApiGroup, DEFAULT_API_GROUP } from "../../lib/api/resource.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";

/** `lightweight` or `production`. */
export type InstallSet = keyof typeof INSTALL_SETS;

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/**
 * Installs `sets` under `group` the way an administrator does, and waits until they are served: the committed files for
 * danm.k8s.io, files written by the generator for the other group. May be repeated.
 */
export async function installCrds(cluster: Cluster, group: ApiGroup, ...sets: readonly InstallSet[]): Promise<void> {
  if (group === DEFAULT_API_GROUP) {
    return await applyManifests(cluster, ...sets.map((set) => `${ROOT}/crds/${set}`));
  }
  const folder = await Deno.makeTempDir({ dir: cluster.folder });
  await generate("--api-group", group, "--out", folder);
  await applyManifests(cluster, ...sets.map((set) => `${folder}/${set}`));
}

async function generate(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-write", "crds/generate.ts", ...args],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(`Cannot write the CRDs: ${new TextDecoder().decode(stderr)}`);
}
