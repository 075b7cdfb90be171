/** Configuration files of static delegates: which one serves a network, and what it holds. */

import { identifier } from "../cni/config.ts";
import { quote } from "../cni/quote.ts";
import { cniVersions } from "../cni/version.ts";
import type { DelegateConfig } from "./delegate_config.ts";

/** A file of the CNI configuration folder. */
export interface DelegateFile {
  readonly name: string;
  readonly text: string;
}

/** The plugins that a file tells to run for one interface. */
export interface DelegateChain {
  /** In the order they run, as they stand in the file but for name and version. */
  readonly configs: readonly DelegateConfig[];
  /** The administrator wants no CHECK of it. */
  readonly disableCheck: boolean;
}

/** No usable file for a network; the message names it. */
export class DelegateFileError extends Error {
  override readonly name = "DelegateFileError";
}

/** What a file without a version gets: the oldest version DANM speaks with every verb an attachment needs. */
const DEFAULT_VERSION = "0.4.0";

/**
 * Picks the file of a static delegate: `<networkId>.conf` or `.conflist`, else the first that is for the network's type.
 * A file is for the type that is its `name` or the type of its first plugin, and whoever names a file must name its type
 * as well: else who may write a network could run any plugin that an administrator has configured for something else.
 *
 * @param files in the order of their names
 * @throws {DelegateFileError} when there is none, or the one picked cannot be read or is for another type
 */
export function pickDelegateChain(
  files: readonly DelegateFile[],
  networkId: string | undefined,
  type: string,
): DelegateChain {
  const own = networkId === undefined
    ? undefined
    : files.find(({ name }) => name === `${networkId}.conf` || name === `${networkId}.conflist`);
  if (own) {
    const chain = parseDelegateFile(own);
    if (isFor(chain, type)) return chain;
    const [first] = chain.configs;
    throw new DelegateFileError(
      `Cannot configure ${type}: ${own.name} is named "${first?.name}" and its first plugin is ${first?.type}, ` +
        `must be ${type} one or the other`,
    );
  }
  const match = files.find((file) => describes(file, type));
  if (match) return parseDelegateFile(match);
  const wanted = networkId === undefined ? "" : `named ${networkId}.conf or ${networkId}.conflist, or `;
  throw new DelegateFileError(
    `Cannot configure ${type}: there is no CNI configuration file, must be one ${wanted}with name or type "${type}"`,
  );
}

/** Files of other plugins may be broken without being ours to complain about. */
function describes(file: DelegateFile, type: string): boolean {
  try {
    return isFor(parseDelegateFile(file), type);
  } catch (error) {
    if (error instanceof DelegateFileError) return false;
    throw error;
  }
}

function isFor({ configs: [first] }: DelegateChain, type: string): boolean {
  return [first?.name, first?.type].some((text) => text?.toLowerCase() === type);
}

/**
 * Reads a configuration (one plugin) or a configuration list (`plugins`, a chain). People give a list the ending `.conf`
 * as well, so the content tells which it is.
 *
 * @param fallbackName name of a configuration that has none
 * @throws {DelegateFileError}
 */
export function parseDelegateFile({ name: file, text }: DelegateFile, fallbackName?: string): DelegateChain {
  const root = parseObject(file, text);
  const name = root.name || fallbackName;
  if (typeof name !== "string" || !identifier.pattern.test(name)) {
    throw new DelegateFileError(`Cannot read ${file}: name is ${quote(name)}, must be a network name`);
  }
  const isList = file.endsWith(".conflist") || (root.plugins ?? undefined) !== undefined;
  const plugins = isList ? root.plugins : [root];
  if (!Array.isArray(plugins) || plugins.length === 0) {
    throw new DelegateFileError(
      `Cannot read ${file}: plugins is ${JSON.stringify(plugins)}, must be a list of plugins`,
    );
  }
  const common = { cniVersion: pickVersion(root), name };
  return {
    configs: plugins.map((plugin: unknown, index) => ({
      ...(plugin as object),
      ...common,
      type: readType(file, plugin, index),
    })),
    disableCheck: root.disableCheck === true,
  };
}

/** The newest that file and DANM both know; else what the file says, for its plugins to judge. */
function pickVersion({ cniVersion, cniVersions: alternatives }: Record<string, unknown>): string {
  const stated = typeof cniVersion === "string" && cniVersion !== "" ? [cniVersion] : [];
  const all: unknown[] = [...stated, ...(Array.isArray(alternatives) ? alternatives : [])];
  return cniVersions.findLast((known) => all.includes(known)) ?? stated[0] ?? DEFAULT_VERSION;
}

function readType(file: string, plugin: unknown, index: number): string {
  const { type } = (plugin ?? {}) as { type?: unknown };
  // The type becomes a path in the plugin folders, so it must not be one itself.
  if (typeof type !== "string" || !identifier.pattern.test(type)) {
    throw new DelegateFileError(
      `Cannot read ${file}: type of plugin ${index} is ${quote(type)}, must be the name of a plugin`,
    );
  }
  if (type === "danm") {
    throw new DelegateFileError(`Cannot read ${file}: plugin ${index} is danm, which would call itself`);
  }
  return type;
}

function parseObject(file: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DelegateFileError(`Cannot read ${file}: ${(error as Error).message}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DelegateFileError(`Cannot read ${file}: it is ${JSON.stringify(value)}, must be a JSON object`);
}
