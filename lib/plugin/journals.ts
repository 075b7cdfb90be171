/** The journals of an attachment: its own, and the container's where that was written in the first format. */

import { openJournal } from "../host/journal/attachment_journal.ts";
import { attachmentKey, parseJournalName } from "../host/journal/journal_path.ts";
import { hasJournal, listJournals } from "../host/journal/list_journals.ts";
import { readJournal } from "../host/journal/read_journal.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import type { Attachment } from "./attachment.ts";
import { type AttachmentEntry, interfaceNames } from "./attachment_entry.ts";
import type { NodeServices } from "./node_services.ts";

/** Whom a call is about, as the runtime names it. */
export function targetOf(
  services: NodeServices,
  call: Omit<DelegateTarget, "attachment" | keyof PluginSurroundings>,
): DelegateTarget {
  const { containerId, ifName } = call;
  const attachment = attachmentKey({ containerId, ifName, configName: services.config.name });
  return { ...call, attachment, ...surroundingsOf(services) };
}

/** How plugins are called here, whomever it is about. */
type PluginSurroundings = Pick<DelegateTarget, "stateDir" | "complain" | "mounts">;

/** What all targets on this node have in common. */
export function surroundingsOf({ config, complain, mounts }: NodeServices): PluginSurroundings {
  return { stateDir: config.stateDir, ...(complain && { complain }), ...(mounts !== undefined && { mounts }) };
}

/** The names of the journals there are of an attachment, one in the first format first. */
export async function journalsOf({ config }: NodeServices, target: DelegateTarget): Promise<string[]> {
  const { stateDir } = config;
  const [hasOld, hasOwn] = await Promise.all(
    [target.containerId, target.attachment].map((name) => hasJournal(stateDir, name)),
  );
  const isMeant = hasOld && isOfInterface(await readJournal(stateDir, target.containerId), target.ifName);
  return [...(isMeant ? [target.containerId] : []), ...(hasOwn ? [target.attachment] : [])];
}

/** What the journals of the container's other attachments say now, whatever is being done about those. */
export async function readOthers(
  { config }: NodeServices,
  { containerId, attachment }: DelegateTarget,
): Promise<{ readonly name: string; readonly entries: readonly AttachmentEntry[] }[]> {
  const all = await readContainer(config.stateDir, containerId);
  return all.filter(({ name }) => name !== attachment);
}

/** What the journals of all attachments of a container say now, whatever is being done about those. */
export async function readContainer(
  stateDir: string,
  containerId: string,
): Promise<{ readonly name: string; readonly entries: readonly AttachmentEntry[] }[]> {
  const names = (await listJournals(stateDir)).filter((name) => parseJournalName(name)!.containerId === containerId);
  return await Promise.all(names.map(async (name) => ({ name, entries: await readJournal(stateDir, name) })));
}

/** Whether a journal of the first format is of the attachment with this CNI_IFNAME, as far as it tells. */
export function isOfInterface(entries: readonly AttachmentEntry[], ifName: string): boolean {
  return (interfaceNames(entries).get(0) ?? ifName) === ifName;
}

/**
 * Opens one of the journals of `target`, for as long as the result is not disposed of.
 *
 * @param name as {@linkcode journalsOf} has it
 */
export async function openAttachment(
  services: NodeServices,
  target: DelegateTarget,
  name: string,
  signal: AbortSignal,
): Promise<Attachment & AsyncDisposable> {
  const { config, log, confirm } = services;
  await using opened = new AsyncDisposableStack();
  const journal = opened.use(await openJournal<AttachmentEntry>(config.stateDir, name, signal));
  await confirm?.();
  opened.move();
  const { path, damagedLines } = journal;
  if (damagedLines > 0) log.write("warning", "the journal has lines that cannot be read", { path, damagedLines });
  return {
    services,
    target: { ...target, attachment: name },
    journal,
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}
