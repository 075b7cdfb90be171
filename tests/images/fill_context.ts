/** The folder that images are built from: programs, what launchers are run by, and a bill of materials of each image. */

import { createHash } from "node:crypto";
import { fromFileUrl } from "@std/path/posix";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { readIfThere } from "../../lib/host/files/read_if_there.ts";
import { PLUGINS } from "../../lib/installer/payload.ts";
import { NODE_FOLDER } from "../build/build_programs.ts";
import { COMPONENTS } from "./image_names.ts";
import { debianMaterials, type ModuleGraph, npmMaterials } from "./materials.ts";
import { PROGRAM_DIR, readProgram } from "./program.ts";
import { type Material, spdxDocument } from "./sbom.ts";

const LOCK_FILE = fromFileUrl(new URL("../../deno.lock", import.meta.url));

/** What an image is run in: an archive of it, and what is in that. */
export interface Base {
  readonly archive: string;
  /** File of lines `NAME VERSION ARCHITECTURE`. */
  readonly packages: string;
}

/** What was put into a context. */
export interface Context {
  /** Of all that goes into the images. */
  readonly digest: string;
  /** Whether the programs need sh, and the Deno that is among them. */
  readonly haveLaunchers: boolean;
}

/**
 * Fills `context` with the programs of `bin`.
 *
 * @param baseOf what a component's image is run in; undefined when that is somebody else's
 */
export async function fillContext(
  bin: string,
  context: string,
  baseOf: (component: string, haveLaunchers: boolean) => Base | undefined,
): Promise<Context> {
  for (const folder of ["bin", "sbom", "usr/lib/danm"]) await Deno.mkdir(`${context}/${folder}`, { recursive: true });
  const hash = createHash("sha256").update(`${PROGRAM_DIR} ${PRODUCT_VERSION}`);
  const runtimes = new Set<string>();
  for (const name of [...COMPONENTS, ...PLUGINS].sort()) {
    const folder = PLUGINS.some((plugin) => plugin === name) ? `${bin}/${NODE_FOLDER}` : bin;
    const { bytes, deno } = await readProgram(`${folder}/${name}`);
    await Deno.writeFile(`${context}/bin/${name}`, bytes, { mode: 0o755 });
    hash.update(bytes);
    if (deno !== undefined) runtimes.add(deno);
  }
  if (runtimes.size > 1) throw new Error(`Cannot build images: the programs name ${[...runtimes].join(" and ")}`);
  for (const deno of runtimes) {
    await Deno.copyFile(deno, `${context}${PROGRAM_DIR}/deno`);
    await Deno.chmod(`${context}${PROGRAM_DIR}/deno`, 0o755);
    hash.update(await Deno.readFile(deno));
  }
  const haveLaunchers = runtimes.size > 0;
  for (const component of COMPONENTS) {
    const base = baseOf(component, haveLaunchers);
    const bill = JSON.stringify(await billOf(component, base), null, 1);
    await Deno.writeTextFile(`${context}/sbom/${component}.spdx.json`, `${bill}\n`);
    hash.update(bill);
    if (base !== undefined) hash.update(await Deno.readFile(base.archive));
  }
  return { digest: hash.digest("hex"), haveLaunchers };
}

async function billOf(component: string, base: Base | undefined): Promise<Record<string, unknown>> {
  const lock = JSON.parse(await Deno.readTextFile(LOCK_FILE));
  const programs = component === "installer" ? [component, ...PLUGINS] : [component];
  const npm = (await Promise.all(programs.map(graphOf))).flatMap((graph) => npmMaterials(graph, lock));
  const debian = base === undefined ? [] : debianMaterials(await readIfThere(base.packages) ?? "");
  const runtime: Material = { name: "deno", version: Deno.version.deno, purl: `pkg:generic/deno@${Deno.version.deno}` };
  const unique = new Map([...npm, ...debian, runtime].map((material) => [material.purl, material]));
  return spdxDocument({ name: `danm-${component}`, version: PRODUCT_VERSION }, [...unique.values()]);
}

async function graphOf(program: string): Promise<ModuleGraph> {
  const main = fromFileUrl(new URL(`../../cmd/${program}/main.ts`, import.meta.url));
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", main], stdin: "null" });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot list what ${program} is made of: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
