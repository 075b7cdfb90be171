import { fromFileUrl } from "@std/path/posix";
import type { Cluster } from "../cluster/cluster.ts";

const PRODUCTION = fromFileUrl(new URL("../../manifests/overlays/production", import.meta.url));

/**
 * Installs DANM as its guide says, and waits until all of it works.
 *
 * @param settings further keys of the ConfigMap
 */
export async function installDanm(
  cluster: Cluster,
  deadlineS = 120,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await cluster.kubectl("apply", `--kustomize=${PRODUCTION}`);
  const patch = `--patch=${JSON.stringify({ data: settings })}`;
  await cluster.kubectl("patch", "configmap", "danm", "--namespace=kube-system", patch);
  const timeout = `--timeout=${deadlineS}s`;
  for (const name of ["danm-installer", "netwatcher"]) {
    await cluster.kubectl("rollout", "status", "--namespace=kube-system", timeout, `daemonset/${name}`);
  }
  // Not "rollout status": on a single node the second replica of each has no place.
  await cluster.kubectl("wait", "--namespace=kube-system", timeout, "--for=condition=Available", "deployment", "--all");
}
