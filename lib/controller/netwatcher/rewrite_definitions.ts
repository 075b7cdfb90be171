/** Points NetworkAttachmentDefinitions to the links that were made for them. */

import { ATTACHMENT_DEFINITIONS } from "../../api/attachment_definition.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { isConflict, isNotFound } from "../../kube/client/kube_error.ts";
import type { LinkSource } from "../../reconcile/link_source.ts";

/**
 * Writes the configurations that `definitions` should have. Every node may do so, with the same text: one of them wins, and
 * the others learn of it by their watch. A definition that has changed or gone meanwhile will be looked at again for that.
 *
 * @throws {AggregateError} of those that could not be written
 */
export async function rewriteDefinitions(
  kube: KubeClient,
  definitions: readonly LinkSource[],
  signal: AbortSignal,
): Promise<void> {
  const failures: unknown[] = [];
  for (const { metadata: { namespace, name, resourceVersion }, rewritten } of definitions) {
    const ref = { ...ATTACHMENT_DEFINITIONS, namespace, name };
    const body = { metadata: { resourceVersion }, spec: { config: rewritten } };
    try {
      await kube.patch(ref, { type: "merge", body }, { signal });
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isConflict(error) && !isNotFound(error)) failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join("\n"));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
