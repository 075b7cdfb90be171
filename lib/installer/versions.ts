/** The folders of versions: what a plugin's script names is there before the script, and stays until nobody needs it. */

import { fileSize } from "../host/files/file_size.ts";
import { listFolder } from "../host/files/list_folder.ts";
import { makeFolder } from "../host/files/make_folder.ts";
import { placeFile } from "../host/files/place_file.ts";
import { readIfThere } from "../host/files/read_if_there.ts";
import { removeIfThere } from "../host/files/remove_path.ts";
import { runningCommands } from "../host/processes/running_commands.ts";
import { type Node, seenFrom, versionDir } from "./node.ts";
import { CACHE_FOLDER, type Payload } from "./payload.ts";

/** How long a version stays at least that was replaced: longer than sh takes to read a script and become its program. */
const REPLACED_MS = 60_000;

/** The file that tells since when a version has been replaced, in milliseconds since the epoch. */
const MARKER = "replaced";

const VERSION_NAME = /^[0-9]+\.[0-9]+\.[0-9]+[\w.+-]*-[0-9a-f]{12}$/;
const EXECUTABLE = 0o755;

/**
 * Makes a version complete, or again so. Its name holds the digest of its programs, so one of the right size is right.
 * Resolves to the paths that were missing.
 */
export async function placeVersion(node: Node, { version, programs, scripts }: Payload): Promise<string[]> {
  const folder = seenFrom(node, versionDir(node, version));
  await makeFolder(folder, 0o755);
  await makeFolder(`${folder}/${CACHE_FOLDER}`, 0o700);
  await removeIfThere(`${folder}/${MARKER}`);
  const placed: string[] = [];
  for (const [name, source] of programs) {
    const path = `${folder}/${name}`;
    if (await fileSize(path) === await fileSize(source)) continue;
    await placeFile(path, { copyOf: source }, EXECUTABLE);
    placed.push(path);
  }
  for (const [name, text] of scripts) {
    const path = `${folder}/${name}`;
    if (await readIfThere(path) === text) continue;
    await placeFile(path, { text }, EXECUTABLE);
    placed.push(path);
  }
  return placed;
}

/**
 * Removes the versions that were replaced a while ago and of which no process of the node runs any more.
 * Resolves to their names.
 */
export async function removeOldVersions(node: Node, current: string, now: number): Promise<string[]> {
  const names = await listFolder(seenFrom(node, node.runtimeDir));
  const replaced = names.filter((name) => VERSION_NAME.test(name) && name !== current);
  const due: string[] = [];
  for (const name of replaced) {
    const marker = `${seenFrom(node, versionDir(node, name))}/${MARKER}`;
    const since = Number(await readIfThere(marker) ?? NaN);
    if (!(since <= now)) await placeFile(marker, { text: `${now}` }, 0o644);
    else if (now - since >= REPLACED_MS) due.push(name);
  }
  if (due.length === 0) return [];
  const commands = await runningCommands(seenFrom(node, "/proc"));
  const unused = due.filter((name) => !commands.some((command) => command.includes(`${versionDir(node, name)}/`)));
  for (const name of unused) await removeIfThere(seenFrom(node, versionDir(node, name)));
  return unused;
}
