/** Taking DANM from a node. */

import { journalDirectory } from "../host/journal/journal_path.ts";
import { listFolder } from "../host/files/list_folder.ts";
import { rulesDirectory } from "../host/journal/rules_record.ts";
import { listJournals } from "../host/journal/list_journals.ts";
import { openLocked } from "../host/files/open_locked.ts";
import { readFolder, type TextFile } from "../host/files/read_folder.ts";
import { readIfThere } from "../host/files/read_if_there.ts";
import { removeIfEmpty, removeIfThere } from "../host/files/remove_path.ts";
import { readDanmConfig } from "../plugin/danm_config.ts";
import { configsSetAside } from "./config_claim.ts";
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
 * there. What stays: danm's log, folders that are mount points, and the state folder while netwatcher uses it. May be
 * interrupted anywhere and repeated.
 *
 * @throws {InUseError} while containers are attached; then nothing is removed
 */
export async function uninstall(node: Node, settings: Settings, signal: AbortSignal): Promise<string[]> {
  const runtimeDir = seenFrom(node, node.runtimeDir);
  const configs = await ownConfigs(node);
  const stateDirs = [...new Set([settings.stateDir, ...configs.map(stateDirOf)])].map((path) => seenFrom(node, path));
  const removed: string[] = [];
  if ((await listFolder(runtimeDir)).length > 0) {
    using _lock = await openLocked(seenFrom(node, lockPath(node)), signal);
    refuseWhileInUse((await Promise.all(stateDirs.map(listJournals))).flat());
    for (const path of await ownFiles(node, settings, configs, stateDirs)) {
      if (await removeIfThere(path)) removed.push(path);
    }
  }
  for (const folder of [...stateDirs, runtimeDir]) await removeIfEmpty(folder);
  return removed;
}

function refuseWhileInUse(attached: readonly string[]): void {
  if (attached.length === 0) return;
  const some = attached.slice(0, 3).join(", ") + (attached.length > 3 ? ", ..." : "");
  throw new InUseError(`Cannot uninstall: containers attached are ${attached.length} (${some}), must be none`);
}

/** In the order in which they are removed. */
async function ownFiles(
  node: Node,
  { configFile }: Settings,
  configs: readonly TextFile[],
  stateDirs: readonly string[],
): Promise<string[]> {
  const lock = seenFrom(node, lockPath(node)); // goes last, and tells until then that there is something left to do
  const runtimeDir = seenFrom(node, node.runtimeDir);
  return [
    ...configs.map(({ name }) => seenFrom(node, `${node.configDir}/${name}`)),
    ...(await configsSetAside(node, configFile)).map((name) => seenFrom(node, `${node.configDir}/${name}`)),
    ...await ownPlugins(node),
    ...[kubeconfigPath(node), ...unfinished(node, configFile)].map((path) => seenFrom(node, path)),
    ...stateDirs.flatMap((path) => [rulesDirectory(path), journalDirectory(path)]), // what else is there is netwatcher's
    ...(await listFolder(runtimeDir)).map((name) => `${runtimeDir}/${name}`).filter((path) => path !== lock),
    lock,
  ];
}

async function ownConfigs(node: Node): Promise<TextFile[]> {
  const files = await readFolder(seenFrom(node, node.configDir), [".conf"]);
  return files.filter(({ text }) => isOwnConfig(text, node));
}

/** Where danm has kept its journals under an own configuration, whatever the settings are by now. */
function stateDirOf({ text }: TextFile): string {
  return readDanmConfig(JSON.parse(text)).stateDir;
}

/** Not a plugin that somebody else has put there. danm calls fakeipam, so it goes first. */
async function ownPlugins(node: Node): Promise<string[]> {
  const paths = PLUGINS.toReversed().map((plugin) => seenFrom(node, `${node.pluginDir}/${plugin}`));
  const texts = await Promise.all(paths.map(readIfThere));
  return paths.filter((_, index) => texts[index]?.includes(`${node.runtimeDir}/`));
}
