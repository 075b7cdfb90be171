/**
 * A cluster to play with: `deno run -A tests/e2e/cluster.ts [NODES]`. Runs until it is stopped, and leaves nothing.
 * The nodes are namespaces of this host.
 */

import { shellCommand, startNamespaceMachine } from "../node/start_namespace_machine.ts";
import { untilStopped } from "../node/until_stopped.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { installDanm } from "./install_danm.ts";
import { networks } from "./networks.ts";
import { startRealCluster } from "./real_cluster.ts";
import { applyScene } from "./scene.ts";

const count = Number(Deno.args[0] ?? 1);
if (!Number.isInteger(count) || count < 1 || count > 9) {
  throw new Error(`Cannot start a cluster: ${Deno.args[0]} is not a number of nodes, must be 1 to 9`);
}

await untilStopped(async (cleanUp) => {
  const tell = (step: string) => console.log(`cluster: ${step}`);
  const cluster = cleanUp.use(await startRealCluster(Array(count).fill(startNamespaceMachine), tell));
  await installDanm(cluster);
  tell("DANM is installed");
  await applyScene(cluster, networks("macvlan"));
  tell("networks and Pods to begin with are those of tests/e2e/workloads.yaml");
  console.log(`
Use it in another terminal:

    export KUBECONFIG=${cluster.kubeconfig} PATH=${cacheFolder()}/tools:$PATH
    kubectl get pods --all-namespaces --output wide
    kubectl get danm

A shell on a node:

${cluster.nodes.map((node) => `    ${shellCommand(node)}`).join("\n")}

Ctrl-C ends it, and leaves nothing.`);
  await new Promise(() => setInterval(() => {}, 60_000)); // a timer keeps this process
});
