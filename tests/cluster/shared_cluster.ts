import { type Cluster, openCluster } from "./cluster.ts";
import { startCluster } from "./start_cluster.ts";

/** Names the folder of a cluster that is already running; set by `with_cluster.ts`. */
export const CLUSTER_FOLDER = "DANM_TEST_CLUSTER";

/**
 * The cluster that `with_cluster.ts` started for all test files, or one for this file alone when there is none.
 * Dispose of it either way: a cluster that somebody else started keeps running.
 */
export async function sharedCluster(): Promise<Cluster & AsyncDisposable> {
  const folder = Deno.env.get(CLUSTER_FOLDER);
  if (folder === undefined) return await startCluster();
  return { ...await openCluster(folder), [Symbol.asyncDispose]: () => Promise.resolve() };
}
