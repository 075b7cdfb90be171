/** Lists the Pods by way of a kubeconfig, and perhaps a relay, and prints what came of it. Arguments: KUBECONFIG [SOCKET]. */

import { loadKubeconfig } from "../../config/load_kubeconfig.ts";
import { createClient } from "../client.ts";

const [kubeconfig, relaySocket] = Deno.args;
using client = createClient(loadKubeconfig(kubeconfig!), relaySocket === undefined ? {} : { relaySocket });
try {
  const signal = AbortSignal.timeout(60_000);
  const { metadata } = await client.list({ group: "", version: "v1", plural: "pods" }, { signal });
  console.log(metadata.resourceVersion);
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
}
