import { type Cluster, openCluster } from "./cluster.ts";
import { eventually } from "./eventually.ts";
import { findBinary } from "./find_binary.ts";
import { type GuardedProcess, startGuarded } from "./guarded_process.ts";
import { kubeconfigText } from "./kubeconfig_text.ts";
import { createAuthority, createSigningKeys } from "./pki.ts";

/** A cluster of one's own. Disposing of it stops it, API server first, and removes its files. */
export interface OwnCluster extends Cluster, AsyncDisposable {
  /** Kills the API server. Stored objects stay. */
  stopApiServer(): Promise<void>;
  /** Starts the API server on the same port as before and waits until it is ready. */
  startApiServer(): Promise<void>;
}

export interface ClusterOptions {
  /** Further addresses and names under which clients reach the API server. */
  readonly serverNames?: readonly string[];
  /** An address of this host at which the API server is to listen and be reached; loopback unless given. */
  readonly address?: string;
  /** Whether there will be controllers and nodes: then service accounts are insisted on, and kubelets are called. */
  readonly runsPods?: boolean;
  /** Whether etcd has every write on disk before it answers, as in production; what is stored need not survive a test. */
  readonly isDurable?: boolean;
  /** Further flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[];
}

const LOOPBACK = "127.0.0.1";

/**
 * Starts etcd and kube-apiserver on free ports, of loopback unless told otherwise, with certificates made for them. Ready in about 4 seconds;
 * 310 MB. Everything ends with this process, however it ends.
 *
 * @throws {Error} with the end of the log, when a program does not start
 */
export async function startCluster(options: ClusterOptions = {}): Promise<OwnCluster> {
  const [etcd, apiServer] = await Promise.all([findBinary("etcd"), findBinary("kube-apiserver")]);
  await using cleanUp = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "danm-cluster-" });
  const { address = LOOPBACK } = options;
  const [etcdPort, peerPort] = freePorts(2, LOOPBACK);
  const [port] = freePorts(1, address);
  const url = `https://${address}:${port}`;
  cleanUp.use(startGuarded([etcd, ...etcdFlags(folder, etcdPort!, peerPort!, options)], `${folder}/etcd.log`, folder));
  await writeCredentials(folder, url, [address, ...options.serverNames ?? []]);

  const command = [apiServer, ...apiServerFlags(folder, etcdPort!, port!, options)];
  let running: GuardedProcess | undefined;
  const stopApiServer = async () => await running?.[Symbol.asyncDispose]();
  const startApiServer = async () => {
    running = startGuarded(command, `${folder}/kube-apiserver.log`);
    await untilReady(url, folder, running);
  };
  cleanUp.defer(stopApiServer); // undone first: without etcd it would hang
  await startApiServer();

  const cluster = await openCluster(folder);
  await untilNamespaced(cluster);
  const owned = cleanUp.move();
  return { ...cluster, stopApiServer, startApiServer, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function etcdFlags(folder: string, port: number, peerPort: number, { isDurable = false }: ClusterOptions): string[] {
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=http://127.0.0.1:${port}`,
    `--advertise-client-urls=http://127.0.0.1:${port}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    ...(isDurable ? [] : ["--unsafe-no-fsync"]),
    "--log-level=warn",
  ];
}

function apiServerFlags(folder: string, etcdPort: number, port: number, options: ClusterOptions): string[] {
  const { address = LOOPBACK, runsPods = false, apiServerFlags: further = [] } = options;
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--secure-port=${port}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--tls-cert-file=${folder}/server.crt`,
    `--tls-private-key-file=${folder}/server.key`,
    `--client-ca-file=${folder}/ca.crt`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${folder}/service-account.key`,
    `--service-account-key-file=${folder}/service-account.pub`,
    "--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112",
    "--authorization-mode=Node,RBAC",
    "--allow-privileged",
    ...(runsPods ? podFlags(folder) : PODLESS_FLAGS),
    ...further,
  ];
}

const PODLESS_FLAGS = [
  "--endpoint-reconciler-type=none", // no Pods look for the API server, and a loopback address is no endpoint
  "--disable-admission-plugins=ServiceAccount", // no controller makes the accounts it would insist on
];

function podFlags(folder: string): string[] {
  return [
    `--kubelet-client-certificate=${folder}/admin.crt`,
    `--kubelet-client-key=${folder}/admin.key`,
    "--kubelet-preferred-address-types=InternalIP",
    "--enable-aggregator-routing", // reaches webhooks by their endpoints: no service proxy runs where it does
  ];
}

async function writeCredentials(folder: string, url: string, serverNames: readonly string[]): Promise<void> {
  const [authority, signing] = await Promise.all([createAuthority(), createSigningKeys()]);
  const [server, admin] = await Promise.all([
    authority.issueServer([LOOPBACK, "localhost", "kubernetes.default.svc", ...serverNames]),
    authority.issueClient({ commonName: "admin", organizations: ["system:masters"] }),
  ]);
  const files: Record<string, string> = {
    "ca.crt": authority.certPem,
    "ca.key": authority.keyPem,
    "server.crt": server.certPem,
    "server.key": server.keyPem,
    "admin.crt": admin.certPem,
    "admin.key": admin.keyPem,
    "service-account.key": signing.privatePem,
    "service-account.pub": signing.publicPem,
    "admin.kubeconfig": kubeconfigText(url, authority.certPem, { certificate: admin }),
  };
  await Promise.all(
    Object.entries(files).map(([name, text]) => Deno.writeTextFile(`${folder}/${name}`, text, { mode: 0o600 })),
  );
}

async function untilReady(url: string, folder: string, apiServer: GuardedProcess): Promise<void> {
  using http = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(`${folder}/ca.crt`)] });
  let ended = false;
  void apiServer.ended.then(() => ended = true);
  const ready = await eventually("reach the API server", async () => {
    if (ended) return false;
    const response = await fetch(`${url}/readyz`, { client: http, signal: AbortSignal.timeout(5000) });
    await response.body?.cancel();
    return response.ok || undefined;
  });
  if (!ready) throw new Error(`Cannot start the API server: it ended by itself\n${await lastLines(folder)}`);
}

/** The API server is ready a moment before it has made its namespaces. */
async function untilNamespaced(cluster: Cluster): Promise<void> {
  using client = cluster.client();
  const defaultNamespace = { group: "", version: "v1", plural: "namespaces", name: "default" };
  await eventually(
    "find the default namespace",
    () => client.get(defaultNamespace, { signal: AbortSignal.timeout(5000) }),
  );
}

async function lastLines(folder: string): Promise<string> {
  const logs = ["etcd.log", "kube-apiserver.log"].map((name) => Deno.readTextFile(`${folder}/${name}`));
  return (await Promise.all(logs)).map((log) => log.split("\n").slice(-15).join("\n")).join("\n");
}

/**
 * Ports that nobody listens on. From below the range that the kernel gives to outgoing connections, so that none of
 * those takes one before its server starts.
 */
function freePorts(count: number, hostname: string): number[] {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname, port }).close();
      ports.add(port);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return [...ports];
}
