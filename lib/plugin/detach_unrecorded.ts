/** DEL for an attachment of which the node has no journal (its state folder was lost): the DanmEps tell what to remove. */

import type { DanmEp } from "../api/danm_ep.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { detachAll } from "./detach_all.ts";
import { planDetachment } from "./detach_interface.ts";
import type { NodeServices } from "./node_services.ts";
import { findNamespaceToClean } from "./pod_namespace.ts";
import { remainsOf } from "./remains.ts";

/**
 * Removes the interfaces of `endpoints`, which are one attachment's.
 *
 * @param target as the runtime asked; `netns` is empty when the namespace is gone
 * @throws {DetachError} when something is left; its DanmEp stays then
 */
export async function detachUnrecorded(
  services: NodeServices,
  target: DelegateTarget,
  endpoints: readonly DanmEp[],
  signal: AbortSignal,
): Promise<void> {
  await detachAll(
    services.log,
    await Promise.all(
      remainsOf([], endpoints, target.ifName).map(async (remains) => {
        const { metadata: { namespace }, spec } = remains.endpoint!;
        const netns = await findNamespaceToClean(target.netns, spec, signal);
        const context = { services, target: { ...target, netns }, namespace, isComplete: false };
        return await planDetachment(context, remains, signal);
      }),
    ),
  );
}
