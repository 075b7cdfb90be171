/** Programs of the components: bundled, and made into files that can be executed. */

import { dirname, join } from "@std/path/posix";
import config from "../../deno.json" with { type: "json" };
import { removeIfThere } from "../../lib/host/files/remove_path.ts";
import { PLUGINS } from "../../lib/installer/payload.ts";
import { launcher } from "./launcher.ts";
import { permissionFlags, type PermissionSet } from "./permission_flags.ts";
import { mustRunDeno, ROOT } from "./run_deno.ts";
import { withRequire } from "./with_require.ts";

/**
 * What the plugins are on a node, in a folder of their own. There, each is started by a script that gives it a folder for
 * compiled code which only root can write. Anywhere else compiled code would be taken from a file of a guessable name in
 * /tmp, which a program run as root must not trust, so that all other binaries keep none.
 */
export const NODE_FOLDER = "node";

/** Has all code of a program compiled in the cache, not only what is called at once: a tenth of an ADD. */
const ALL_CODE = "--v8-flags=--no-lazy";

const permissions: Readonly<Record<string, PermissionSet>> = config.permissions;

/** Program whose binary has its code in several files, so that a call reads no more than it needs. */
const SPLIT = "danm";

/** One program to be made. */
interface Source {
  readonly component: string;
  /** Path of its code: of all of it, or of the file that imports the others beside it. */
  readonly bundle: string;
  /** Path of the file to make. */
  readonly output: string;
}

/**
 * Fills `bin`; each file is replaced in one step. Resolves to the names of the components.
 *
 * @param runtime path of the runtime to make binaries of; launchers when undefined
 * @param target what `deno compile` calls the machine that binaries are for; this one unless given
 */
export async function buildPrograms(
  bin: string,
  runtime: string | undefined,
  target?: string,
): Promise<readonly string[]> {
  await Deno.mkdir(join(bin, NODE_FOLDER), { recursive: true });
  const work = await Deno.makeTempDir({ dir: bin, prefix: ".build-" });
  try {
    const components = await listComponents();
    for (const component of components) {
      const source = { component, bundle: bundlePath(work, component), output: join(work, component) };
      await bundle(source, runtime !== undefined && component === SPLIT);
      if (runtime === undefined) await makeLauncher(source, bin);
      else await compile(source, runtime, target, ["--no-code-cache"]);
      await Deno.rename(source.output, join(bin, component));
    }
    for (const plugin of PLUGINS) {
      const source = { component: plugin, bundle: bundlePath(work, plugin), output: join(work, plugin) };
      // What runs nothing but its own few lines gains nothing by a cache.
      if (runtime === undefined || plugin !== "danm") await Deno.link(join(bin, plugin), source.output);
      else await compile(source, runtime, target, [ALL_CODE]);
      await Deno.rename(source.output, join(bin, NODE_FOLDER, plugin));
    }
    return components;
  } finally {
    await removeIfThere(work);
  }
}

async function listComponents(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, "cmd"))) {
    if (isDirectory && (await Array.fromAsync(Deno.readDir(join(ROOT, "cmd", name)))).some(isMain)) names.push(name);
  }
  return names.sort();
}

function isMain(entry: Deno.DirEntry): boolean {
  return entry.isFile && entry.name === "main.ts";
}

/** Where the bundler puts the code of a component: it calls its file as the entry point is called. */
function bundlePath(work: string, component: string): string {
  return join(work, "code", component, "main.js");
}

/** Minified, as a plugin reads its program at every call. */
async function bundle({ component, bundle }: Source, isSplit: boolean): Promise<void> {
  const main = join(ROOT, "cmd", component, "main.ts");
  const folder = dirname(bundle);
  await Deno.mkdir(folder, { recursive: true });
  const files = isSplit ? ["--code-splitting", `--outdir=${folder}`] : [`--output=${bundle}`];
  await mustRunDeno(["bundle", "--minify", "--platform=deno", ...files, main]);
  for await (const { name } of Deno.readDir(folder)) {
    const path = join(folder, name);
    await Deno.writeTextFile(path, withRequire(await Deno.readTextFile(path)));
  }
}

async function compile(
  { component, bundle, output }: Source,
  runtime: string,
  target: string | undefined,
  options: readonly string[],
): Promise<void> {
  const flags = permissionFlags(component, permissions[component]);
  const machine = target === undefined ? [] : [`--target=${target}`];
  const all = ["--no-config", "--no-check", "--no-prompt", ...options, ...machine, ...flags, `--output=${output}`];
  await mustRunDeno(["compile", ...all, bundle], { DENORT_BIN: runtime });
}

async function makeLauncher({ component, bundle, output }: Source, bin: string): Promise<void> {
  const flags = permissionFlags(component, permissions[component]);
  const isPlugin = PLUGINS.some((plugin) => plugin === component);
  const cache = join(Deno.env.get("DENO_DIR") ?? bin, "launchers");
  const runtime = { deno: Deno.execPath(), cache };
  const text = launcher(await Deno.readTextFile(bundle), isPlugin ? [ALL_CODE, ...flags] : flags, runtime);
  await Deno.writeTextFile(output, text, { mode: 0o755 });
}
