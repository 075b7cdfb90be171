/** Where the journals of a node's containers are. */
import { join } from "@std/path/posix";

/** What a container ID looks like. Source: CNI specification 1.1.0 §2, CNI_CONTAINERID. */
const CONTAINER_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** The directory of all journals under `stateDir`. */
export function journalDirectory(stateDir: string): string {
  return join(stateDir, "attachments");
}

/**
 * The file of one container.
 *
 * @throws {RangeError} when `containerId` is none
 */
export function journalPath(stateDir: string, containerId: string): string {
  if (!CONTAINER_ID.test(containerId)) {
    throw new RangeError(
      `Cannot name journal: container ID is ${JSON.stringify(containerId)}, must match ${CONTAINER_ID.source}`,
    );
  }
  return join(journalDirectory(stateDir), containerId);
}

/** Whether `fileName` is the journal of a container, as opposed to what an editor or an administrator left there. */
export function isJournalName(fileName: string): boolean {
  return CONTAINER_ID.test(fileName);
}
