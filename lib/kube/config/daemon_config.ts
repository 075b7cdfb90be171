import { inClusterConfig } from "./in_cluster_config.ts";
import type { KubeConfig } from "./kubeconfig.ts";
import { loadKubeconfig } from "./load_kubeconfig.ts";

/**
 * How a daemon reaches the API server: by the kubeconfig it was given, else as the service account of its Pod.
 *
 * @throws {Error} when neither can be used
 */
export function daemonConfig(kubeconfig: string | undefined): KubeConfig {
  if (kubeconfig !== undefined) return loadKubeconfig(kubeconfig);
  return inClusterConfig((name) => Deno.env.get(name), Deno.readTextFileSync);
}
