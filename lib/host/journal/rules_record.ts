/** What a node remembers of the rules in a container's namespace: one small file for each container that has any. */

import { join } from "@std/path/posix";
import { hash32 } from "../../ipam/hash.ts";
import type { AppliedPolicies } from "../../policy/applied_policies.ts";
import { listFolder } from "../files/list_folder.ts";
import { makeFolder } from "../files/make_folder.ts";
import { openLocked } from "../files/open_locked.ts";
import { readIfThere } from "../files/read_if_there.ts";
import { removeIfThere } from "../files/remove_path.ts";
import { parseJournalName } from "./journal_path.ts";

/** Whose rules they are, and what they were made of. */
export interface RulesRecord {
  readonly netns: string;
  /** Which namespace that path led to. */
  readonly netnsId: string;
  /** Another one for every table that somebody put in the place of the one before. */
  readonly stamp: string;
  readonly policies: AppliedPolicies;
}

/** How many locks there are for all containers of a node. */
const LOCKS = 16;

/** The folder of all records. */
export function rulesDirectory(stateDir: string): string {
  return join(stateDir, "rules");
}

/**
 * Waits for its turn among all that change the rules of the container; to be disposed of. Several containers have one lock
 * in common: nobody may hold two.
 */
export async function lockRules(stateDir: string, containerId: string, signal: AbortSignal): Promise<Disposable> {
  const folder = rulesDirectory(stateDir);
  await makeFolder(folder, 0o700);
  return await openLocked(join(folder, `.lock-${hash32(containerId) % LOCKS}`), signal);
}

/** IDs of the containers that there is a record of. */
export async function listRules(stateDir: string): Promise<string[]> {
  const names = await listFolder(rulesDirectory(stateDir));
  return names.filter((name) => parseJournalName(name)?.containerId === name);
}

/** The record of a container; undefined when there is none, or none that can be read. */
export async function readRules(stateDir: string, containerId: string): Promise<RulesRecord | undefined> {
  const text = await readIfThere(recordPath(stateDir, containerId));
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // whoever finds that puts everything in place again
  }
}

/** Writes a record. By who holds the lock, and before what it tells of: a kill leaves the old one or the new one. */
export async function writeRules(stateDir: string, containerId: string, record: RulesRecord): Promise<void> {
  const path = recordPath(stateDir, containerId);
  const prepared = join(rulesDirectory(stateDir), `.${containerId}.new`);
  await Deno.writeTextFile(prepared, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  await Deno.rename(prepared, path);
}

/** Removes a record, if there is one. By who holds the lock, and after what it tells of is gone. */
export async function removeRules(stateDir: string, containerId: string): Promise<void> {
  await removeIfThere(recordPath(stateDir, containerId));
}

/** Whether there is a record of the container, readable or not. */
export async function hasRules(stateDir: string, containerId: string): Promise<boolean> {
  return await readIfThere(recordPath(stateDir, containerId)) !== undefined;
}

function recordPath(stateDir: string, containerId: string): string {
  return join(rulesDirectory(stateDir), containerId);
}
