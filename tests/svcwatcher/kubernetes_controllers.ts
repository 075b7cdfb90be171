import type { Cluster } from "../cluster/cluster.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { type GuardedProcess, startGuarded } from "../cluster/guarded_process.ts";

/** Those that have to do with Services, with what they are made of and with what is left when an owner goes. */
const CONTROLLERS = [
  "deployment-controller",
  "endpoints-controller",
  "endpointslice-controller",
  "endpointslice-mirroring-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "node-lifecycle-controller",
  "replicaset-controller",
  "serviceaccount-controller",
];

/** Starts kube-controller-manager, for which a node that is silent for four seconds is lost. Disposing kills it. */
export async function startControllers(cluster: Cluster): Promise<GuardedProcess> {
  return startGuarded([
    await findBinary("kube-controller-manager"),
    `--kubeconfig=${cluster.kubeconfig}`,
    `--controllers=${CONTROLLERS.join(",")}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--node-monitor-period=1s",
    "--node-monitor-grace-period=4s",
  ], `${cluster.folder}/kube-controller-manager.log`);
}
