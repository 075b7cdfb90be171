/**
 * Makes one executable file for each cmd/<component>/main.ts, with the permissions that deno.json names for it:
 * binaries by `deno compile` where its runtime can be had, else launchers.
 *
 * Usage: deno run -A tests/build/main.ts FOLDER
 */

import { fromFileUrl, join, resolve } from "@std/path/posix";
import config from "../../deno.json" with { type: "json" };
import { PLUGINS } from "../../lib/installer/payload.ts";
import { launcher } from "./launcher.ts";
import { permissionFlags, type PermissionSet } from "./permission_flags.ts";
import { withRequire } from "./with_require.ts";

/** For one run of Deno, which may have to fetch some 40 MB; a network that swallows packets must not hang the build. */
const DEADLINE_MS = 60_000;

/** Has all code of a program compiled in the cache, not only what is called at once: a tenth of an ADD. */
const ALL_CODE = "--v8-flags=--no-lazy";

const root = fromFileUrl(new URL("../..", import.meta.url));
const permissions: Readonly<Record<string, PermissionSet>> = config.permissions;
const [folder] = Deno.args;
if (folder === undefined) throw new Error("Cannot build: the folder to fill is missing");
const bin = resolve(folder);
await Deno.mkdir(bin, { recursive: true });
const work = await Deno.makeTempDir({ dir: bin, prefix: ".build-" });
try {
  const refusal = await compileRefusal();
  const components = await listComponents();
  for (const component of components) await build(component, refusal === undefined);
  console.log(`build: ${components.join(", ")}`);
  console.log(refusal === undefined ? "build: made binaries" : `build: made launchers (no binaries: ${refusal})`);
} finally {
  await Deno.remove(work, { recursive: true });
}

async function listComponents(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, "cmd"))) {
    if (isDirectory && (await Array.fromAsync(Deno.readDir(join(root, "cmd", name)))).some(isMain)) names.push(name);
  }
  return names.sort();
}

function isMain(entry: Deno.DirEntry): boolean {
  return entry.isFile && entry.name === "main.ts";
}

/** Why `deno compile` cannot work here, found out with a program of nothing; undefined when it can. */
async function compileRefusal(): Promise<string | undefined> {
  const probe = join(work, "probe.js");
  await Deno.writeTextFile(probe, "");
  const output = await deno(["compile", "--no-config", "--no-check", `--output=${join(work, "probe")}`, probe]);
  if (output.success) return undefined;
  const causes = output.text.split("Stack backtrace")[0]?.trim().split("\n");
  return causes?.at(-1)?.trim().replace(/^\d+: /, "");
}

async function build(component: string, compile: boolean): Promise<void> {
  const flags = permissionFlags(component, permissions[component]);
  const bundle = join(work, `${component}.js`);
  const made = join(work, component);
  // Minified, as a plugin reads its whole program at every call: 3 to 6 ms of danm's start.
  await must(["bundle", "--minify", "--platform=deno", `--output=${bundle}`, join(root, "cmd", component, "main.ts")]);
  await Deno.writeTextFile(bundle, withRequire(await Deno.readTextFile(bundle)));
  if (compile) {
    // No code cache: it would be a file of a guessable name in /tmp, which a program run as root must not trust.
    const options = ["--no-config", "--no-check", "--no-prompt", "--no-code-cache", ...flags];
    await must(["compile", ...options, `--output=${made}`, bundle]);
  } else {
    const cache = join(Deno.env.get("DENO_DIR") ?? bin, "launchers");
    const isPlugin = PLUGINS.some((plugin) => plugin === component);
    const all = isPlugin ? [ALL_CODE, ...flags] : flags;
    await Deno.writeTextFile(made, launcher(await Deno.readTextFile(bundle), all, { deno: Deno.execPath(), cache }));
    await Deno.chmod(made, 0o755);
  }
  await Deno.rename(made, join(bin, component));
}

async function must(args: string[]): Promise<void> {
  const output = await deno(args);
  if (!output.success) throw new Error(`Cannot build: deno ${args.join(" ")} failed:\n${output.text}`);
}

async function deno(args: string[]): Promise<{ success: boolean; text: string }> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const command = new Deno.Command(Deno.execPath(), { args, signal, cwd: root, env: { NO_COLOR: "1" }, stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  const texts = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (signal.aborted) texts.push(`no end within ${DEADLINE_MS / 1000} s`);
  return { success, text: texts.join("\n") };
}
