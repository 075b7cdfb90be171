/** Looking into a journal that others may hold. */

import { JournalError } from "./attachment_journal.ts";
import { journalPath } from "./journal_path.ts";
import { type JournalEntry, parseKnownJournal } from "./parse_journal.ts";

/**
 * The entries of a journal as they are now, whoever holds it; none when there is no journal. For who wants to know what it
 * is of, and must not wait for those that are being worked on.
 *
 * @param name as {@linkcode journalPath} takes it
 * @throws {JournalError}
 */
export async function readJournal<Entry extends JournalEntry>(
  stateDir: string,
  name: string,
): Promise<readonly Entry[]> {
  const path = journalPath(stateDir, name);
  try {
    return parseKnownJournal<Entry>(await Deno.readFile(path)).entries;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new JournalError("read", path, error);
  }
}
