/**
 * Runs a command with one cluster for all that it starts: `deno run -A tests/cluster/with_cluster.ts COMMAND [ARG...]`.
 * Ends with the command's exit code; the cluster goes with it.
 */
import { CLUSTER_FOLDER } from "./shared_cluster.ts";
import { startCluster } from "./start_cluster.ts";

async function withCluster([program, ...args]: readonly string[]): Promise<number> {
  if (program === undefined) throw new Error("Cannot run nothing: a command must follow");
  await using cluster = await startCluster();
  const child = new Deno.Command(program, { args, env: { [CLUSTER_FOLDER]: cluster.folder } }).spawn();
  const ignore = () => {}; // Ctrl-C is for the command; this process ends right after it
  Deno.addSignalListener("SIGINT", ignore);
  const { code } = await child.status;
  Deno.removeSignalListener("SIGINT", ignore);
  return code;
}

if (import.meta.main) Deno.exit(await withCluster(Deno.args));
