/**
 * The demonstration behind `make demo`: Pods on macvlan and on ipvlan networks, attached by bin/danm on a real API
 * server. Where this kernel has no ipvlan, those Pods live in a virtual machine with a kernel that has it.
 */

import { heading, indent } from "./narrator.ts";
import { demonstratePods } from "./pods.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CLUSTER_FOLDER } from "../cluster/shared_cluster.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { startVirtualMachine } from "../kernel/virtual_machine.ts";
import { writeAll } from "../../lib/host/write_all.ts";

const CRDS = new URL("../../crds/lightweight", import.meta.url).pathname;
const PODS = new URL("pods.ts", import.meta.url).pathname;

async function demonstrate(cleanUp: AsyncDisposableStack): Promise<void> {
  heading("A Kubernetes API: etcd and kube-apiserver, with DANM's resource definitions");
  const cluster = cleanUp.use(await startCluster());
  await applyManifests(cluster, CRDS);
  console.log("$ kubectl api-resources --categories=danm");
  console.log(indent(await cluster.kubectl("api-resources", "--categories=danm")));

  await demonstratePods(cluster, "macvlan", cleanUp);
  if (await hasIpvlan()) await demonstratePods(cluster, "ipvlan", cleanUp);
  else await demonstrateInMachine(cluster, "ipvlan", cleanUp);
}

async function demonstrateInMachine(
  cluster: Cluster,
  networkType: string,
  cleanUp: AsyncDisposableStack,
): Promise<void> {
  heading(`This kernel has no ${networkType}: a virtual machine with Debian's kernel joins the same cluster`);
  const port = Number(new URL(cluster.url).port);
  const machine = cleanUp.use(
    await startVirtualMachine({
      env: { [CLUSTER_FOLDER]: cluster.folder },
      forward: [{ guestPort: port, hostPort: port }],
    }),
  );
  const { code } = await machine.exec([Deno.execPath(), "run", "-A", "--cached-only", PODS, networkType], {
    onStdout: (chunk) => writeAll(Deno.stdout, chunk),
    onStderr: (chunk) => writeAll(Deno.stderr, chunk),
  });
  if (code !== 0) throw new Error(`the demonstration in the virtual machine ended with exit code ${code}`);
}

/** Whether this kernel can make ipvlan links; asked by trying. */
async function hasIpvlan(): Promise<boolean> {
  const { stderr } = await new Deno.Command("ip", {
    args: ["link", "add", "link", "lo", "name", "danm-probe", "type", "ipvlan"],
  }).output();
  await new Deno.Command("ip", { args: ["link", "del", "danm-probe"], stderr: "null" }).output();
  return !/Unknown device type|not supported/.test(new TextDecoder().decode(stderr));
}

/** Runs `work`, and takes back what it registered, whatever ends it: success, failure, Ctrl-C or a stop. */
async function withCleanUp(work: (cleanUp: AsyncDisposableStack) => Promise<void>): Promise<void> {
  await using cleanUp = new AsyncDisposableStack();
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => stop(new Error(`stopped by ${signal}`)));
  }
  await Promise.race([work(cleanUp), stopped]);
}

try {
  await withCleanUp(demonstrate);
  console.log("\nDone: nothing is left.");
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
Deno.exit(0);
