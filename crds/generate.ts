/**
 * Writes the CustomResourceDefinitions, JSON Schemas and webhook configurations, or with `--check` says which committed ones are out of date.
 *
 *     crds/generate.ts [--api-group danm.k8s.io|danm.io] [--out FOLDER] [--schema-out FOLDER] [--check]
 *
 * Default folders: crds and schema, which are committed, as are the configurations below manifests, of both groups; for the
 * other group crds/danm.io and crds/danm.io/schema.
 */

import { parseArgs } from "@std/cli/parse-args";
import { dirname, join } from "@std/path/posix";
import { API_GROUPS, DEFAULT_API_GROUP, isApiGroup } from "../lib/api/resource.ts";
import { renderCrds, renderRegistrations, renderSchemas } from "./render.ts";

/** Writes each file unless its text is already there. Resolves to the paths that differed. */
async function bringUpToDate(files: ReadonlyMap<string, string>, folder: string, write: boolean): Promise<string[]> {
  const changed: string[] = [];
  for (const [name, text] of files) {
    const path = join(folder, name);
    if (await currentText(path) === text) continue;
    changed.push(path);
    if (!write) continue;
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
  return changed;
}

async function currentText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs the command. Resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["api-group", "out", "schema-out"],
    boolean: ["check"],
    default: { "api-group": DEFAULT_API_GROUP },
    unknown: (argument: string) => (unknown.push(argument), false),
  });
  const group = flags["api-group"];
  if (unknown.length > 0 || !isApiGroup(group)) {
    const problem = unknown.length > 0 ? `argument is ${unknown[0]}` : `--api-group is ${group}`;
    const allowed = unknown.length > 0 ? "--api-group, --out, --schema-out or --check" : API_GROUPS.join(" or ");
    console.error(`Cannot write manifests: ${problem}, must be ${allowed}`);
    return 2;
  }
  const isDefault = group === DEFAULT_API_GROUP;
  const out = flags.out ?? (isDefault ? "crds" : `crds/${group}`);
  const schemaOut = flags["schema-out"] ?? (isDefault ? "schema" : `${out}/schema`);
  const changed = [
    ...await bringUpToDate(renderCrds(group), out, !flags.check),
    ...await bringUpToDate(renderSchemas(group), schemaOut, !flags.check),
    ...(isDefault && flags.out === undefined
      ? await bringUpToDate(renderRegistrations(), "manifests", !flags.check)
      : []),
  ];
  for (const path of changed) console.log(flags.check ? `out of date: ${path}` : `written: ${path}`);
  return flags.check && changed.length > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
