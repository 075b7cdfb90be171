/** Taking DANM from a node. */

import { join } from "@std/path/posix";
import { listFolder } from "../host/list_folder.ts";
import { listJournals } from "../host/list_journals.ts";
import { openLocked } from "../host/open_locked.ts";
import { readFolder } from "../host/read_folder.ts";
import { readIfThere } from "../host/read_if_there.ts";
import { removeIfThere } from "../host/remove_if_there.ts";
import { unfinished } from "./install.ts";
import { kubeconfigPath, lockPath, type Node, seenFrom } from "./node.ts";
import { isOwnConfig } from "./node_files.ts";
import { PLUGINS } from "./payload.ts";
import type { Settings } from "./settings.ts";

/** Containers of the node still need DANM, to be detached. */
export class InUseError extends Error {
  override readonly name = "InUseError";
}

/**
 * Removes all that `install()` puts on a node, its configuration first, so that the runtime calls nothing that is half
 * there. Folders stay that are mount points, empty; and danm's log. May be interrupted anywhere and repeated.
 *
 * @throws {InUseError} while containers are attached; then nothing is removed
 */
export async function uninstall(node: Node, settings: Settings, signal: AbortSignal): Promise<string[]> {
  const runtimeDir = seenFrom(node, node.runtimeDir);
  const stateDir = seenFrom(node, settings.stateDir);
  if ((await listFolder(runtimeDir)).length === 0) return [];
  using _lock = await openLocked(seenFrom(node, lockPath(node)), signal);
  const attached = await listJournals(stateDir);
  if (attached.length > 0) {
    const some = attached.slice(0, 3).join(", ");
    throw new InUseError(`Cannot uninstall: ${attached.length} containers are attached (${some}), must be none`);
  }
  const paths = [
    ...await ownConfigs(node),
    ...await ownPlugins(node),
    seenFrom(node, kubeconfigPath(node)),
    ...unfinished(node, settings.configFile).map((path) => seenFrom(node, path)),
    ...await inside(stateDir, ""),
    ...await inside(runtimeDir, seenFrom(node, lockPath(node))),
    seenFrom(node, lockPath(node)), // which tells that there is something left to do
  ];
  const removed: string[] = [];
  for (const path of paths) if (await removeIfThere(path)) removed.push(path);
  for (const folder of [stateDir, runtimeDir]) await removeUnlessMounted(folder);
  return removed;
}

async function ownConfigs(node: Node): Promise<string[]> {
  const files = await readFolder(seenFrom(node, node.configDir), [".conf"]);
  return files.filter(({ text }) => isOwnConfig(text, node)).map(({ name }) =>
    seenFrom(node, `${node.configDir}/${name}`)
  );
}

/** Not a plugin that somebody else has put there. */
async function ownPlugins(node: Node): Promise<string[]> {
  const own: string[] = [];
  for (const plugin of PLUGINS) {
    const path = seenFrom(node, `${node.pluginDir}/${plugin}`);
    if ((await readIfThere(path))?.includes(`${node.runtimeDir}/`)) own.push(path);
  }
  return own.reverse(); // danm calls fakeipam
}

async function inside(folder: string, except: string): Promise<string[]> {
  return (await listFolder(folder)).map((name) => join(folder, name)).filter((path) => path !== except);
}

async function removeUnlessMounted(folder: string): Promise<void> {
  try {
    await removeIfThere(folder);
  } catch (error) {
    if (!(error instanceof Error) || !/busy|EBUSY/i.test(error.message)) throw error;
  }
}
