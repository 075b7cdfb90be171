/** Which attachments a node has a record of. */
import { journalDirectory, journalPath, parseJournalName } from "./journal_path.ts";

/** The names of all journals, sorted. */
export async function listJournals(stateDir: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(journalDirectory(stateDir))) {
      if (isFile && parseJournalName(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

/** Whether there is a journal of this name, without taking its lock. */
export async function hasJournal(stateDir: string, name: string): Promise<boolean> {
  try {
    return (await Deno.stat(journalPath(stateDir, name))).isFile;
  } catch (error) {
    // A name that no file can have has none.
    if (error instanceof Deno.errors.NotFound || isTooLong(error)) return false;
    throw error;
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof Error && (error as Error & { code?: unknown }).code === "ENAMETOOLONG";
}
