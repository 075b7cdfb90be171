import { journalPath } from "./journal_path.ts";
import { type JournalEntry, parseJournal } from "./parse_journal.ts";

/**
 * The entries of a container's journal as they are now, whoever holds it; none when there is no journal. For who wants to
 * know which container it is of, and must not wait for those that are being worked on.
 */
export async function readJournal<Entry extends JournalEntry>(
  stateDir: string,
  containerId: string,
): Promise<readonly Entry[]> {
  try {
    return parseJournal<Entry>(await Deno.readFile(journalPath(stateDir, containerId))).entries;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
