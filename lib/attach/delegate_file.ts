/** Configuration files of static delegates: which one serves a network, and what it holds. */

import { identifier } from "../cni/config.ts";
import type { DelegateConfig } from "./delegate_config.ts";

/** A file of the CNI configuration folder. */
export interface DelegateFile {
  readonly name: string;
  readonly text: string;
}

/** No usable file for a network; the message names it. */
export class DelegateFileError extends Error {
  override readonly name = "DelegateFileError";
}

/** What a file without a version gets: the oldest version DANM speaks with every verb an attachment needs. */
const DEFAULT_VERSION = "0.4.0";

/**
 * Picks the file of a static delegate: `<networkId>.conf` or `.conflist`, else the first whose `name` or `type` is
 * the network's type.
 *
 * @param files in the order of their names
 * @throws {DelegateFileError} when there is none, or the one picked cannot be read
 */
export function pickDelegateConfigs(
  files: readonly DelegateFile[],
  networkId: string | undefined,
  type: string,
): DelegateConfig[] {
  const own = networkId === undefined
    ? undefined
    : files.find(({ name }) => name === `${networkId}.conf` || name === `${networkId}.conflist`);
  if (own) return parseDelegateFile(own);
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
    const configs = parseDelegateFile(file);
    return [configs[0]?.name, configs[0]?.type].some((text) => text?.toLowerCase() === type);
  } catch (error) {
    if (error instanceof DelegateFileError) return false;
    throw error;
  }
}

/**
 * Reads a configuration (`.conf`, one plugin) or a configuration list (`.conflist`, a chain).
 *
 * @throws {DelegateFileError}
 */
export function parseDelegateFile({ name: file, text }: DelegateFile): DelegateConfig[] {
  const root = parseObject(file, text);
  const cniVersion = textOr(root.cniVersion, DEFAULT_VERSION);
  const name = textOr(root.name, "");
  if (!identifier.pattern.test(name)) {
    throw new DelegateFileError(`Cannot read ${file}: name is ${JSON.stringify(root.name)}, must be a network name`);
  }
  const plugins = file.endsWith(".conflist") ? root.plugins : [root];
  if (!Array.isArray(plugins) || plugins.length === 0) {
    throw new DelegateFileError(
      `Cannot read ${file}: plugins is ${JSON.stringify(plugins)}, must be a list of plugins`,
    );
  }
  return plugins.map((plugin: unknown, index) => {
    const { type } = (plugin ?? {}) as { type?: unknown };
    // The type becomes a path in the plugin folders, so it must not be one itself.
    if (typeof type !== "string" || !identifier.pattern.test(type)) {
      throw new DelegateFileError(
        `Cannot read ${file}: type of plugin ${index} is ${JSON.stringify(type)}, must be the name of a plugin`,
      );
    }
    if (type === "danm") {
      throw new DelegateFileError(`Cannot read ${file}: plugin ${index} is danm, which would call itself`);
    }
    return { ...(plugin as object), cniVersion, name, type };
  });
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

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" && value !== "" ? value : fallback;
}
