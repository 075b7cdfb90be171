import { type KubeConfig, parseKubeconfig, type ReadText } from "./kubeconfig.ts";
import { KubeconfigError } from "./kubeconfig_fields.ts";

/**
 * Reads the kubeconfig at `path` and the certificate files it names.
 *
 * @param read reads all of these files
 * @throws {KubeconfigError} when a file cannot be read or a field is wrong
 */
export function loadKubeconfig(path: string, read: ReadText = Deno.readTextFileSync): KubeConfig {
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    throw new KubeconfigError(path, error instanceof Error ? error.message : String(error), { cause: error });
  }
  return parseKubeconfig(text, path, read);
}
