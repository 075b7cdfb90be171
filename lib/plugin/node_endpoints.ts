/** The DanmEps of the node that danm runs on. */

import type { DanmEp } from "../api/danm_ep.ts";
import type { ValidAttachment } from "../cni/request.ts";
import { listContainerEndpoints, listEndpointsOn } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";

/**
 * Lists them. Nobody tells danm the node's name at GC, so it is what journals say; where all are lost, what the DanmEps of
 * containers say that the runtime has; and where there are none, the host's name, as kubelet has it by default.
 *
 * @param recorded names of the node in its journals
 */
export async function listNodeEndpoints(
  services: NodeServices,
  recorded: ReadonlySet<string>,
  valid: readonly ValidAttachment[],
  signal: AbortSignal,
): Promise<DanmEp[]> {
  const names = recorded.size > 0 ? recorded : await namesByContainers(services, valid, signal);
  const hosts = names.size > 0 ? [...names] : [Deno.hostname().trim().toLowerCase()];
  return (await Promise.all(hosts.map((host) => listEndpointsOn(services, host, signal)))).flat();
}

async function namesByContainers(
  services: NodeServices,
  valid: readonly ValidAttachment[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  for (const containerId of new Set(valid.map(({ containerId }) => containerId))) {
    const [endpoint] = await listContainerEndpoints(services, undefined, containerId, signal);
    if (endpoint) return new Set([endpoint.spec.Host]);
  }
  return new Set();
}
