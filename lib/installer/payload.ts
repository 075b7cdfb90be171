/** What is to be installed. */

import { join } from "@std/path/posix";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import { digestFiles } from "../host/files/digest_files.ts";
import { readHead } from "../host/files/read_head.ts";
import { binaryScript, launchScript, parseLauncher } from "./launcher.ts";
import { type Node, versionDir } from "./node.ts";

/** The plugins, in the order in which they are put in their place: danm runs fakeipam. */
export const PLUGINS = ["fakeipam", "danm"] as const;

/** Where in a version's folder the runtime keeps compiled code, which saves a tenth of an ADD. */
export const CACHE_FOLDER = "cache";

/** Enough for the two lines that head a launcher. */
const HEAD_BYTES = 16_384;

/** One version of the programs. */
export interface Payload {
  /** The version of DANM and what tells its builds apart: a name for a folder. */
  readonly version: string;
  /** Files of the version's folder: name there, where to copy them from. All may be executed. */
  readonly programs: ReadonlyMap<string, string>;
  /** What the plugin folder holds: a script for each plugin, which names all it starts by the version's folder. */
  readonly scripts: ReadonlyMap<typeof PLUGINS[number], string>;
}

/**
 * Reads what `make build` left in `folder`: for each plugin a binary, or a launcher and the Deno that it names.
 *
 * @throws {Error} when a program is missing, or they name different runtimes
 */
export async function readPayload(folder: string, node: Node): Promise<Payload> {
  const plugins = await Promise.all(PLUGINS.map(async (name) => {
    const path = join(folder, name);
    return { name, path, launch: parseLauncher(await readHead(path, HEAD_BYTES)) };
  }));
  const runtimes = new Set(plugins.flatMap(({ launch }) => launch ? [launch.deno] : []));
  if (runtimes.size > 1) throw new Error(`Cannot install ${folder}: danm and fakeipam must name one Deno`);
  const programs = new Map(plugins.map(({ name, path }) => [programName(name), path]));
  for (const deno of runtimes) programs.set("deno", deno);
  const version = `${PRODUCT_VERSION}-${(await digestFiles([...programs.values()])).slice(0, 12)}`;
  const place = (name: string) => `${versionDir(node, version)}/${name}`;
  const scripts = new Map(plugins.map(({ name, launch }) => {
    const program = place(programName(name));
    if (launch === undefined) return [name, binaryScript(program, place(CACHE_FOLDER))];
    return [name, launchScript({ ...launch, deno: place("deno") }, program, place(CACHE_FOLDER))];
  }));
  return { version, programs, scripts };
}

/** Not the plugin's name: that is the script's, which is kept beside its program. */
function programName(plugin: string): string {
  return `${plugin}.program`;
}
