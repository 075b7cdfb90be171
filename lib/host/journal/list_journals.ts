/** Which containers a node has a record of. */
import { isJournalName, journalDirectory, journalPath } from "./journal_path.ts";

/** The IDs of all containers with a journal, sorted. */
export async function listJournals(stateDir: string): Promise<string[]> {
  const containerIds: string[] = [];
  try {
    for await (const { name, isFile } of Deno.readDir(journalDirectory(stateDir))) {
      if (isFile && isJournalName(name)) containerIds.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return containerIds.sort();
}

/** Whether the container has a journal, without taking its lock. */
export async function hasJournal(stateDir: string, containerId: string): Promise<boolean> {
  try {
    return (await Deno.stat(journalPath(stateDir, containerId))).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
