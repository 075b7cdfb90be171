/**
 * The demonstration behind `make demo`: DANM installs itself on a real cluster, Pods run on its networks, and one asks
 * another for a page over a network of its own.
 */

import { fromFileUrl } from "@std/path/posix";
import { eventually } from "../cluster/eventually.ts";
import { installDanm } from "../e2e/install_danm.ts";
import { podLeftovers } from "../e2e/leftovers.ts";
import { networks } from "../e2e/networks.ts";
import { type RealCluster, startRealCluster } from "../e2e/real_cluster.ts";
import { applyScene, deleteScene, openScene } from "../e2e/scene.ts";
import { startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { shellWord } from "../../lib/installer/shell_word.ts";
import { untilStopped } from "../node/until_stopped.ts";
import { heading, indent } from "./narrator.ts";

const WORKLOADS = fromFileUrl(new URL("../e2e/workloads.yaml", import.meta.url));

async function demonstrate(cleanUp: AsyncDisposableStack): Promise<void> {
  heading("A cluster with one node, whose links, files and processes are its own");
  const cluster = cleanUp.use(await startRealCluster([startNamespaceMachine], (step) => console.log(indent(step))));

  heading("DANM installs itself, from its own images");
  console.log("$ kubectl apply --kustomize manifests/overlays/production");
  await installDanm(cluster);
  await show(cluster, "get", "pods", "--namespace=kube-system");

  heading("Three networks");
  const manifests = networks("macvlan");
  console.log(indent(manifests));

  heading("Pods on one of them, and Pods on all three, with a Service for each network");
  console.log(`$ kubectl apply --filename ${WORKLOADS.replace(/.*\/tests\//, "tests/")}`);
  await applyScene(cluster, manifests);
  await showPods(cluster);

  heading("Everything goes");
  await deleteScene(cluster);
  await eventually("see nothing left", async () => (await podLeftovers(cluster)).length === 0 || undefined);
  await show(cluster, "get", "pods,danmep");
  await show(cluster, "get", "addressblocks", "--output=custom-columns=BASE:.spec.base,TAKEN:.spec.allocations");
}

async function showPods(cluster: RealCluster): Promise<void> {
  const scene = openScene(cluster);
  const [[web], [first, second]] = await Promise.all([scene.pods("web", 3), scene.pods("gateway", 2)]);
  const internal = await scene.addresses("internal");
  await scene.leadsTo(web!, "gateway-internal", "internal", [first!, second!]);
  await show(
    cluster,
    "get",
    "pods",
    "--output=custom-columns=NAME:.metadata.name,STATUS:.status.phase,IP:.status.podIP",
  );
  await show(cluster, "get", "endpointslices", "--selector=kubernetes.io/service-name=gateway-internal");

  heading("What one of them has");
  await show(cluster, "exec", first!.name, "--", "sh", "-c", "ip -o address | cut -d '\\' -f 1");
  await show(cluster, "exec", first!.name, "--", "ip", "route");
  await show(cluster, "get", "danmep", `--field-selector=spec.Pod=${first!.name}`);

  heading("A request to another Pod over a network that only they are on, by address and by name");
  await show(cluster, "exec", first!.name, "--", "wget", "-q", "-O", "-", `http://${internal.get(second!.name)}/`);
  await show(cluster, "exec", first!.name, "--", "nslookup", "-type=a", "gateway-internal.default.svc.cluster.local");
  await show(cluster, "exec", first!.name, "--", "wget", "-q", "-O", "-", "http://gateway-internal/");
}

/** Prints a command as an administrator would type it, and then what it prints. */
async function show(cluster: RealCluster, ...args: readonly string[]): Promise<void> {
  console.log(`$ kubectl ${args.map(shellWord).join(" ")}`);
  console.log(indent((await cluster.kubectl(...args)) || "No resources found"));
}

const start = performance.now();
await untilStopped(demonstrate);
console.log(`\nDone in ${Math.round((performance.now() - start) / 1000)} s: nothing is left.`);
Deno.exit(0);
