import type { KubeConfig, ReadText } from "./kubeconfig.ts";

/** Where kubelet puts a Pod's own credentials. Source: Kubernetes docs, "Accessing the API from a Pod". */
const SERVICE_ACCOUNT_DIR = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * How a process in a Pod reaches the API server, as the Pod's service account.
 *
 * @param env the Pod's environment, which names the API server
 * @throws {Error} when the process does not run in a Pod, or the Pod has no service account token
 */
export function inClusterConfig(env: (name: string) => string | undefined, read: ReadText): KubeConfig {
  const host = env("KUBERNETES_SERVICE_HOST");
  const port = env("KUBERNETES_SERVICE_PORT");
  if (!host || !port) {
    throw new Error(
      "Cannot use the in-cluster configuration: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be set " +
        "(outside a Pod give --kubeconfig)",
    );
  }
  const readFile = (name: string) => {
    try {
      return read(`${SERVICE_ACCOUNT_DIR}/${name}`);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot use the in-cluster configuration: ${SERVICE_ACCOUNT_DIR}/${name}: ${reason}`);
    }
  };
  readFile("token"); // a Pod without a token fails here and not at its first request
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: readFile("namespace").trim(),
    caPem: readFile("ca.crt"),
    clientCertificate: undefined,
    bearer: { tokenFile: `${SERVICE_ACCOUNT_DIR}/token` },
  };
}
