/** DEL, and the undoing of a failed ADD: takes back all that a container's journal says. */

import { deleteDelegates } from "../delegate/delegate_chain.ts";
import { releaseClaim } from "../ipam/release_address.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, type BeginEntry, entriesOf, type RecordedInterface } from "./attachment_entry.ts";
import { deleteLinks } from "./delete_links.ts";
import { deleteEndpoint } from "./endpoint.ts";
import { temporaryName } from "./temporary_name.ts";

/** Every reason why a container could not be detached completely; a repetition goes on where this one stopped. */
export class DetachError extends AggregateError {
  override readonly name = "DetachError";
  constructor(failures: readonly { readonly of: RecordedInterface; readonly reason: unknown }[]) {
    const lines = failures.map(({ of: { index, name }, reason }) => {
      return `interface ${index} (${name}): ${reason instanceof Error ? reason.message : reason}`;
    });
    super(failures.map(({ reason }) => reason), ["CNI network could not be removed: ", ...lines].join("\n"));
  }
}

/**
 * Detaches the container whose journal is given, all interfaces in parallel, and removes the journal.
 *
 * @throws {DetachError} when something is left; the journal stays then
 */
export async function detachContainer(attachment: Attachment, signal: AbortSignal): Promise<void> {
  const entries = attachment.journal.read();
  const begin = entriesOf(entries, "begin").at(-1);
  if (!begin) return;
  const outcomes = await Promise.allSettled(
    begin.interfaces.map((recorded) => detachInterface(attachment, begin, recorded, entries, signal)),
  );
  const failures = outcomes.flatMap((outcome, place) =>
    outcome.status === "rejected" ? [{ of: begin.interfaces[place]!, reason: outcome.reason }] : []
  );
  if (failures.length > 0) throw new DetachError(failures);
  await attachment.journal.remove();
}

/** In this order: an address that is free again must not be on any link. */
async function detachInterface(
  attachment: Attachment,
  begin: BeginEntry,
  recorded: RecordedInterface,
  entries: readonly AttachmentEntry[],
  signal: AbortSignal,
): Promise<void> {
  const { services } = attachment;
  await removeLink(attachment, begin, recorded, entries, signal);
  await deleteEndpoint(services, begin.pod.namespace, recorded.endpoint, signal);
  const claims = entriesOf(entries, "claim").filter(({ index }) => index === recorded.index);
  await Promise.all(claims.map(({ claim }) => releaseClaim(services.blocks, claim, new Date(), signal)));
}

async function removeLink(
  { target }: Attachment,
  begin: BeginEntry,
  { index, name }: RecordedInterface,
  entries: readonly AttachmentEntry[],
  signal: AbortSignal,
): Promise<void> {
  const delegates = entriesOf(entries, "delegates").find((entry) => entry.index === index);
  const netns = target.netns || begin.netns;
  const args = new Map(begin.args);
  if (delegates) {
    const delegated = entriesOf(entries, "delegated").find((entry) => entry.index === index);
    await deleteDelegates(delegates.configs, { ...target, netns, ifName: name, args }, delegated?.result, signal);
  }
  // Delegates that failed half-way may have left the link as well, and do not all remove it then.
  await deleteLinks(netns, [name, temporaryName(target.containerId, index)], signal);
}
