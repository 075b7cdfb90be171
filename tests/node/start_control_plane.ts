import { startGuarded } from "../cluster/guarded_process.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { type OwnCluster, startCluster } from "../cluster/start_cluster.ts";

/** The address of the Service `kubernetes`: the first one of the API server's range. */
const API_SERVICE = "10.96.0.1";

/** Seconds after which Pods leave a node that is not ready; with kubelet's and the controller's, about 30 in all. */
const EVICTION_S = 8;

/**
 * Starts a cluster that nodes can join: etcd, kube-apiserver, kube-controller-manager, kube-scheduler.
 *
 * @param address of this host, where nodes reach the API server
 */
export async function startControlPlane(address: string): Promise<OwnCluster> {
  await using cleanUp = new AsyncDisposableStack();
  const [manager, scheduler] = await Promise.all(["kube-controller-manager", "kube-scheduler"].map(findBinary));
  const cluster = cleanUp.use(
    await startCluster({
      address,
      serverNames: [API_SERVICE, "kubernetes", "kubernetes.default"],
      runsPods: true,
      apiServerFlags: ["not-ready", "unreachable"].map((state) =>
        `--default-${state}-toleration-seconds=${EVICTION_S}`
      ),
    }),
  );
  const { folder } = cluster;
  const start = async (program: string, name: string, flags: readonly string[]) => {
    const certificate = await cluster.issueClientCertificate({ commonName: `system:${name}` });
    const kubeconfig = `--kubeconfig=${await cluster.writeKubeconfig({ certificate })}`;
    cleanUp.use(startGuarded([program, kubeconfig, ...COMMON_FLAGS, ...flags], `${folder}/${name}.log`));
  };
  await start(manager!, "kube-controller-manager", managerFlags(folder));
  await start(scheduler!, "kube-scheduler", []);
  const owned = cleanUp.move();
  return { ...cluster, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const COMMON_FLAGS = ["--leader-elect=false", "--secure-port=0"];

function managerFlags(folder: string): string[] {
  return [
    "--use-service-account-credentials",
    `--root-ca-file=${folder}/ca.crt`,
    `--service-account-private-key-file=${folder}/service-account.key`,
    `--cluster-signing-cert-file=${folder}/ca.crt`,
    `--cluster-signing-key-file=${folder}/ca.key`,
    "--node-monitor-period=2s",
    "--node-monitor-grace-period=20s",
  ];
}
