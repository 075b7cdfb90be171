/**
 * Makes one executable file for each cmd/<component>/main.ts, with the permissions that deno.json names for it: binaries
 * by `deno compile` where its runtime can be had, else launchers. FOLDER/node has the plugins as the installer puts them
 * on a node.
 *
 * Usage: deno run -A tests/build/main.ts FOLDER [launchers]
 *
 * DENORT_BIN=FILE in the environment: the runtime to make binaries of, and no other.
 */

import { resolve } from "@std/path/posix";
import { buildPrograms } from "./build_programs.ts";
import { findRuntime } from "./find_runtime.ts";

const [folder, kind] = Deno.args;
if (folder === undefined || (kind !== undefined && kind !== "launchers")) {
  throw new Error("Cannot build: the arguments must be a folder to fill and, if need be, the word launchers");
}
const found = kind === "launchers"
  ? { reasons: ["they were asked for"] }
  : await findRuntime(Deno.env.get("DENORT_BIN"));
const runtime = "path" in found ? found : undefined;
const components = await buildPrograms(resolve(folder), runtime?.path);
console.log(`build: ${components.join(", ")}`);
if ("path" in found) {
  console.log(`build: made binaries with ${found.origin} of Deno ${Deno.version.deno}`);
  if (!found.isVendors) console.log("build: they are for trying and testing, not for shipping");
} else {
  console.log(`build: made launchers (no binaries: ${found.reasons.join("; ")})`);
}
