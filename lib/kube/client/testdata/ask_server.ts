/** Lists the Pods by way of a kubeconfig, and prints what came of it. Argument: KUBECONFIG. */

import { loadKubeconfig } from "../../config/load_kubeconfig.ts";
import { createClient } from "../client.ts";

const [kubeconfig] = Deno.args;
using client = createClient(loadKubeconfig(kubeconfig!));
try {
  const signal = AbortSignal.timeout(60_000);
  const { metadata } = await client.list({ group: "", version: "v1", plural: "pods" }, { signal });
  console.log(metadata.resourceVersion);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
