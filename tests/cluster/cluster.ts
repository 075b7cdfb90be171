import { createClient, type KubeClient } from "../../lib/kube/client/client.ts";
import { isAlreadyExists } from "../../lib/kube/client/kube_error.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import { findBinary } from "./find_binary.ts";
import { kubeconfigText, type KubeconfigUser } from "./kubeconfig_text.ts";
import { type KeyPair, openAuthority, type Subject } from "./pki.ts";

/** A running API server that tests may use together: isolate by namespaces and random names. */
export interface Cluster {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** The authority that signed the server's certificate, and signs the clients'. */
  readonly caPem: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Where all files of the cluster are; it goes with the cluster. */
  readonly folder: string;
  /** A client with all rights. Dispose of it. */
  client(): KubeClient;
  /** Makes a namespace with a name of its own. */
  createNamespace(): Promise<string>;
  /** Runs kubectl as the administrator. Resolves to what it printed; rejects with what it complained about. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** Writes a kubeconfig for `user` and resolves to its path. `server` is this cluster's URL unless given. */
  writeKubeconfig(user: KubeconfigUser, server?: string): Promise<string>;
  /** A kubeconfig with a fresh token of the service account, which is made when it does not exist, in its namespace. */
  kubeconfigFor(account: ServiceAccount, server?: string): Promise<string>;
  issueClientCertificate(subject: Subject): Promise<KeyPair>;
  /** A certificate for a server of a test's own that clients of this cluster trust. */
  issueServerCertificate(names: readonly string[]): Promise<KeyPair>;
}

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The cluster whose files are in `folder`, as `startCluster()` of this or another process made them. */
export async function openCluster(folder: string): Promise<Cluster> {
  const kubeconfig = `${folder}/admin.kubeconfig`;
  const config = loadKubeconfig(kubeconfig);
  const [certPem, keyPem, kubectlPath] = await Promise.all([
    Deno.readTextFile(`${folder}/ca.crt`),
    Deno.readTextFile(`${folder}/ca.key`),
    findBinary("kubectl"),
  ]);
  const authority = await openAuthority({ certPem, keyPem });

  async function writeKubeconfig(user: KubeconfigUser, server = config.server, namespace?: string): Promise<string> {
    const path = await Deno.makeTempFile({ dir: folder, suffix: ".kubeconfig" });
    await Deno.writeTextFile(path, kubeconfigText(server, certPem, user, namespace));
    return path;
  }

  return {
    url: config.server,
    caPem: certPem,
    kubeconfig,
    folder,
    client: () => createClient(config),
    async createNamespace() {
      using client = createClient(config);
      const name = `test-${crypto.randomUUID()}`;
      const namespaces = { group: "", version: "v1", plural: "namespaces" };
      await client.create(namespaces, { metadata: { name } }, { signal: AbortSignal.timeout(10_000) });
      return name;
    },
    kubectl: (...args) =>
      run(kubectlPath, [`--kubeconfig=${kubeconfig}`, `--cache-dir=${folder}/kubectl-cache`, ...args]),
    writeKubeconfig: (user, server) => writeKubeconfig(user, server),
    async kubeconfigFor(account, server) {
      using client = createClient(config);
      return await writeKubeconfig({ token: await requestToken(client, account) }, server, account.namespace);
    },
    issueClientCertificate: authority.issueClient,
    issueServerCertificate: authority.issueServer,
  };
}

/** Source: Kubernetes API, authentication/v1 TokenRequest. */
async function requestToken(client: KubeClient, { namespace, name }: ServiceAccount): Promise<string> {
  const accounts = { group: "", version: "v1", plural: "serviceaccounts", namespace };
  const signal = AbortSignal.timeout(10_000);
  await client.create(accounts, { metadata: { name } }, { signal }).catch((error) => {
    if (!isAlreadyExists(error)) throw error;
  });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 86_400 } };
  const answer = await client.create<{ status: { token: string } }>(
    { ...accounts, name, subresource: "token" },
    request,
    { signal },
  );
  return answer.status.token;
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run kubectl ${args.slice(2).join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
