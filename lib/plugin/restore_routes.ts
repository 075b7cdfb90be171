/** Keeps the routes of a container's other attachments when one of them goes. */

import { configureNamespace, ensureRoute } from "../link/configure_namespace.ts";
import { lastSetups } from "./attachment_entry.ts";
import { routesOf } from "./interface_setup.ts";
import { readOthers } from "./journals.ts";
import type { NodeServices } from "./node_services.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { messageOf } from "./to_cni_error.ts";

/**
 * Two interfaces on one network have its routes in common: the kernel keeps one of each, and it goes with the interface it
 * was made for. So what others of the container noted is made once more, for their own. What cannot be is theirs to miss,
 * and no reason to keep what has been detached.
 *
 * @param target `netns` is where the container is; empty when that is gone
 */
export async function restoreRoutes(
  services: NodeServices,
  target: DelegateTarget,
  signal: AbortSignal,
): Promise<void> {
  if (target.netns === "") return;
  for (const { name, entries } of await readOthers(services, target)) {
    const routes = lastSetups(entries).flatMap(routesOf);
    if (routes.length === 0) continue;
    try {
      await configureNamespace(target.netns, routes.map(ensureRoute), signal);
    } catch (error) {
      services.log.write("warning", "cannot restore routes", { attachment: name, reason: messageOf(error) });
    }
  }
}
