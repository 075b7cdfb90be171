import { type KubeConfig, parseKubeconfig } from "./kubeconfig.ts";
import { KubeconfigError } from "./kubeconfig_fields.ts";

/**
 * Reads the kubeconfig at `path` and the certificate files it names.
 *
 * @throws {KubeconfigError} when a file cannot be read or a field is wrong
 */
export function loadKubeconfig(path: string): KubeConfig {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new KubeconfigError(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
  return parseKubeconfig(text, path, Deno.readTextFileSync);
}
