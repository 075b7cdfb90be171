import { fromFileUrl } from "@std/path/posix";
import { type Node, versionDir } from "../../lib/installer/node.ts";
import { readPayload } from "../../lib/installer/payload.ts";
import { placeVersion } from "../../lib/installer/versions.ts";
import type { TestNode } from "../runtime/test_node.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/**
 * Puts the programs of a folder on the node as the installer does, with its trial, which fills the cache. Resolves to the
 * path of danm's script.
 *
 * @param source folder in the project, e.g. `bin/node`
 */
export async function installDanm({ runtime }: TestNode, source: string): Promise<string> {
  const runtimeDir = `${runtime.folder}/${source.replaceAll("/", "-")}`;
  const place: Node = { root: "/", pluginDir: runtime.binDir, configDir: runtime.cniDir, runtimeDir };
  const payload = await readPayload(`${ROOT}/${source}`, place);
  await placeVersion(place, payload);
  const script = `${versionDir(place, payload.version)}/danm`;
  const { code } = await new Deno.Command(script, { args: ["--version"], clearEnv: true, stdout: "null" }).output();
  if (code !== 0) throw new Error(`Cannot measure ${source}: its trial ended with exit code ${code}`);
  return script;
}

/** Makes the program at `path` what the node's runtime calls as danm. */
export async function useDanm({ runtime }: TestNode, path: string): Promise<void> {
  const link = `${runtime.binDir}/danm`;
  await Deno.remove(link);
  await Deno.symlink(path, link);
}
