/** Bringing a node to what is wanted of it, from wherever it is. */

import type { ApiGroup } from "../api/resource.ts";
import { makeFolder } from "../host/files/make_folder.ts";
import { openLocked } from "../host/files/open_locked.ts";
import { placeFile, placingName } from "../host/files/place_file.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { readIfThere } from "../host/files/read_if_there.ts";
import { removeIfThere } from "../host/files/remove_path.ts";
import { checkPlugins } from "./check_plugins.ts";
import { kubeconfigPath, lockPath, type Node, seenFrom, versionDir } from "./node.ts";
import { type Access, configText, isOwnConfig, kubeconfigText } from "./node_files.ts";
import { type Payload, PLUGINS } from "./payload.ts";
import type { Settings } from "./settings.ts";
import { placeVersion, removeOldVersions } from "./versions.ts";

/** What a node shall be. */
export interface Wanted {
  readonly payload: Payload;
  readonly settings: Settings;
  readonly apiGroup: ApiGroup;
  readonly access: Access;
  /** Whether the configuration is put back where it is missing. */
  readonly mayConfigure: boolean;
}

/** What was done. Paths are those that this process sees. */
export interface Installed {
  readonly placed: readonly string[];
  readonly removed: readonly string[];
}

interface PlacedText {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * Installs on the node what is missing or different, in an order in which everything that is there always works:
 *
 * 1. the version's own folder, which nothing names yet;
 * 2. a trial of it, with the configuration and kubeconfig to come: what fails it never gets into use;
 * 3. kubeconfig, fakeipam, danm, and the configuration last: with it the node counts as one that has a network;
 * 4. configurations under a former name go, and versions that nobody needs.
 *
 * May be interrupted anywhere and repeated. Installers take turns.
 *
 * @param isTrialDue whether to try the plugins although nothing has changed
 * @throws {PluginsUnusableError} when the trial fails; then nothing that is in use has changed
 */
export async function install(
  node: Node,
  wanted: Wanted,
  isTrialDue: boolean,
  signal: AbortSignal,
): Promise<Installed> {
  await makeFolder(seenFrom(node, node.runtimeDir), 0o755);
  using _lock = await openLocked(seenFrom(node, lockPath(node)), signal);
  await prepareFolders(node, wanted.settings);
  const placed = await placeVersion(node, wanted.payload);
  const texts = textsOf(node, wanted);
  const different = (await Promise.all(texts.map(differs))).flatMap((is, index) => is ? [texts[index]!] : []);
  if (isTrialDue || different.length > 0) await tryOut(node, wanted, signal);
  for (const { path, text, mode } of different) await placeFile(path, { text }, mode);
  const removed = [
    ...await removeFormerConfigs(node, wanted.settings.configFile),
    ...await removeOldVersions(node, wanted.payload.version, Date.now()),
  ];
  return { placed: [...placed, ...different.map(({ path }) => path)], removed };
}

async function prepareFolders(node: Node, { configFile, stateDir }: Settings): Promise<void> {
  await makeFolder(seenFrom(node, node.pluginDir), 0o755);
  await makeFolder(seenFrom(node, node.configDir), 0o755);
  await makeFolder(seenFrom(node, stateDir), 0o700);
  for (const path of unfinished(node, configFile)) await removeIfThere(seenFrom(node, path));
}

/** What a killed installer may have left. What it left in a version's folder is used up there. */
export function unfinished(node: Node, configFile: string): string[] {
  const places = [
    kubeconfigPath(node),
    `${node.configDir}/${configFile}`,
    ...PLUGINS.map((plugin) => `${node.pluginDir}/${plugin}`),
    trialKubeconfig(node),
  ];
  return [...places.map(placingName), trialKubeconfig(node)];
}

/** In the order in which they are put in their place. */
function textsOf(node: Node, { payload, settings, apiGroup, access, mayConfigure }: Wanted): PlacedText[] {
  const config = configText(settings, apiGroup, kubeconfigPath(node));
  const texts = [
    { path: kubeconfigPath(node), text: kubeconfigText(access), mode: 0o600 },
    ...[...payload.scripts].map(([name, text]) => ({ path: `${node.pluginDir}/${name}`, text, mode: 0o755 })),
    ...mayConfigure ? [{ path: `${node.configDir}/${settings.configFile}`, text: config, mode: 0o644 }] : [],
  ];
  return texts.map(({ path, ...rest }) => ({ path: seenFrom(node, path), ...rest }));
}

async function differs({ path, text }: PlacedText): Promise<boolean> {
  return await readIfThere(path) !== text;
}

/** Where a kubeconfig is tried that is not in use yet, as the node sees it. */
function trialKubeconfig({ runtimeDir }: Node): string {
  return `${runtimeDir}/trial.kubeconfig`;
}

async function tryOut(node: Node, { payload, settings, apiGroup, access }: Wanted, signal: AbortSignal): Promise<void> {
  const kubeconfig = trialKubeconfig(node);
  await placeFile(seenFrom(node, kubeconfig), { text: kubeconfigText(access) }, 0o600);
  try {
    await checkPlugins(node, versionDir(node, payload.version), configText(settings, apiGroup, kubeconfig), signal);
  } finally {
    await removeIfThere(seenFrom(node, kubeconfig));
  }
}

async function removeFormerConfigs(node: Node, current: string): Promise<string[]> {
  const files = await readFolder(seenFrom(node, node.configDir), [".conf"]);
  const former = files.filter(({ name, text }) => name !== current && isOwnConfig(text, node));
  const paths = former.map(({ name }) => seenFrom(node, `${node.configDir}/${name}`));
  for (const path of paths) await removeIfThere(path);
  return paths;
}
