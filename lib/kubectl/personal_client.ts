import { createClient, type KubeClient } from "../kube/client/client.ts";
import { openPersonal } from "../kube/client/personal_connection.ts";
import { type PersonalChoice, personalConfig, personalNamespace } from "../kube/config/personal_config.ts";

/** A client with a person's rights, and the namespace that person works in. */
export interface PersonalClient {
  readonly kube: KubeClient;
  readonly namespace: string;
}

/**
 * Opens a client by the kubeconfig of the person who calls. Dispose of it when done.
 *
 * @throws {Error} when the kubeconfig cannot be used
 */
export function openPersonalClient(choice: PersonalChoice): PersonalClient {
  const config = personalConfig(choice);
  const namespace = personalNamespace(config);
  const { server } = config.getCurrentCluster()!;
  const nobody = { caPem: undefined, clientCertificate: undefined, bearer: undefined };
  const connect = () => openPersonal(config);
  return { kube: createClient({ server, namespace, ...nobody }, { program: "kubectl-danm", connect }), namespace };
}
