/** The containers of this node that have attachments, by danm's journals. */

import { journalPath, parseJournalName } from "../../../host/journal/journal_path.ts";
import { listJournals } from "../../../host/journal/list_journals.ts";
import { readJournal } from "../../../host/journal/read_journal.ts";
import { type AttachmentEntry, entriesOf } from "../../../plugin/attachment_entry.ts";

/** What the journal of one attachment says. */
type Entries = readonly AttachmentEntry[];

/** The journals of a container. */
export type ContainerJournals = readonly Entries[];

/** What was read of a journal, and of which state of it. */
interface Known {
  readonly state: string;
  readonly entries: Entries;
}

/**
 * Returns what reads the journals of all containers, by container ID. One that has not changed since is not read again: as
 * long as there are policies, all of them are looked at with every change.
 */
export function createContainerReader(stateDir: string): () => Promise<Map<string, ContainerJournals>> {
  let known = new Map<string, Known>();
  return async () => {
    const names = await listJournals(stateDir);
    const read = await Promise.all(names.map(async (name) => {
      const state = await stateOf(journalPath(stateDir, name));
      const before = known.get(name);
      if (before?.state === state) return [name, before] as const;
      return [name, { state, entries: await readJournal<AttachmentEntry>(stateDir, name) }] as const;
    }));
    known = new Map(read);
    const begun = read.filter(([, { entries }]) => entriesOf(entries, "begin").length > 0);
    const byContainer = Map.groupBy(begun, ([name]) => parseJournalName(name)!.containerId);
    return new Map([...byContainer].map(([id, journals]) => [id, journals.map(([, { entries }]) => entries)]));
  };
}

async function stateOf(path: string): Promise<string> {
  try {
    const { ino, size, mtime } = await Deno.stat(path);
    return [ino, size, mtime?.getTime()].join();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
