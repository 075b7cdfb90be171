/** The runtime that `deno compile` makes programs of: where it may come from, and the proof that it is one. */

import { runDeno, runTool } from "./run_deno.ts";
import { setUp } from "./set_up.ts";

/** A runtime that programs have been compiled with, and have run. */
export interface Runtime {
  /** Absolute path of the file, for the variable DENORT_BIN. */
  readonly path: string;
  /** What it is to be called, for people. */
  readonly origin: string;
  /** Whether it is the one that belongs to the release of Deno. */
  readonly isVendors: boolean;
}

/** Why there is no runtime, for each place that was tried. */
export interface NoRuntime {
  readonly reasons: readonly string[];
}

/** Prints what it is given and which Deno it is. */
const PROBE = "console.log(Deno.args[0], Deno.version.deno);";

/**
 * Finds a runtime of the same version as this Deno: the file that `denortBin` names, else the vendor's, else the one that
 * a pinned package carries.
 *
 * @param denortBin value of DENORT_BIN, if set: who names a runtime wants that one or none
 * @throws {Error} when `denortBin` is no such runtime
 */
export async function findRuntime(denortBin: string | undefined): Promise<Runtime | NoRuntime> {
  if (denortBin !== undefined) {
    const refusal = await refusalOf(denortBin);
    if (refusal !== undefined) throw new Error(`Cannot build with DENORT_BIN=${denortBin}: ${refusal}`);
    return { path: denortBin, origin: `the runtime ${denortBin}`, isVendors: false };
  }
  const reasons: string[] = [];
  for (const place of ["vendor", "package"] as const) {
    const { path, reason } = await setUp(place);
    const refusal = path === undefined ? reason : await refusalOf(path);
    if (path !== undefined && refusal === undefined) {
      const isVendors = place === "vendor";
      return { path, origin: isVendors ? "the vendor's runtime" : "a package's runtime", isVendors };
    }
    reasons.push(`${place}: ${refusal}`);
  }
  return { reasons };
}

/**
 * Why `runtime` is none of this Deno; undefined when it is. That `deno compile` succeeds proves nothing: it does so with
 * any file. A program that it made must say a word that only this run of it can know, and be of this version.
 */
export async function refusalOf(runtime: string): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "danm-runtime-" });
  try {
    const [source, program] = [`${folder}/probe.js`, `${folder}/probe`];
    await Deno.writeTextFile(source, PROBE);
    const options = ["compile", "--no-config", "--no-check", "--no-code-cache", `--output=${program}`, source];
    const compiled = await runDeno(options, { DENORT_BIN: runtime });
    if (!compiled.success) return `deno compile failed: ${compiled.stderr.trim()}`;
    const expected = `${crypto.randomUUID()} ${Deno.version.deno}`;
    const { stdout, stderr } = await runTool(program, [expected.split(" ")[0]!]).catch(asOutput);
    if (stdout.trim() === expected) return undefined;
    return `a program compiled with it says ${JSON.stringify(stdout.trim() || stderr.trim())}, must say "${expected}"`;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function asOutput(error: unknown) {
  return { stdout: "", stderr: String(error) };
}
