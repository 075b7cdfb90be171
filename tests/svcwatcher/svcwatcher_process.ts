/** Running svcwatcher with the rights it is shipped with. */

import { fromFileUrl } from "@std/path/posix";
import { DEFAULT_API_GROUP } from "../../lib/api/resource.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { type FaultProxy, startFaultProxy } from "../cluster/fault_proxy.ts";
import { type OwnCluster, startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { type DaemonProcess, startDaemon } from "../runtime/daemon_process.ts";

/** Where what svcwatcher is deployed by is. */
export const MANIFESTS = fromFileUrl(new URL("../../manifests/svcwatcher", import.meta.url));

/** Starts a cluster with DANM's kinds and svcwatcher's rights: in a shared one it would see the Services of other tests. */
export async function startServiceCluster(): Promise<OwnCluster> {
  await using undo = new AsyncDisposableStack();
  const cluster = undo.use(await startCluster());
  await installCrds(cluster, DEFAULT_API_GROUP, "lightweight", "production");
  await applyManifests(cluster, `${MANIFESTS}/rbac.yaml`);
  undo.move();
  return cluster;
}

/** A svcwatcher, and the way by which it reaches the API server. */
export interface TestSvcwatcher extends AsyncDisposable {
  readonly process: DaemonProcess;
  readonly proxy: FaultProxy;
}

/** Starts a svcwatcher behind a proxy; alone unless a flag says otherwise. */
export async function startSvcwatcher(
  cluster: Cluster,
  flags: readonly string[] = ["--leader-elect=false"],
  prepare: (proxy: FaultProxy) => void = () => {},
): Promise<TestSvcwatcher> {
  await using undo = new AsyncDisposableStack();
  const proxy = undo.use(await startFaultProxy(cluster));
  prepare(proxy);
  const process = undo.use(await startSvcwatcherProcess(proxy, flags));
  const owned = undo.move();
  return { process, proxy, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a svcwatcher as its own service account, which reaches the API server by `way`. */
export async function startSvcwatcherProcess(
  way: Pick<FaultProxy, "kubeconfigFor">,
  flags: readonly string[] = ["--leader-elect=false"],
): Promise<DaemonProcess> {
  const path = await way.kubeconfigFor({ namespace: "kube-system", name: "svcwatcher" });
  return startDaemon("svcwatcher", `--kubeconfig=${path}`, ...flags);
}
