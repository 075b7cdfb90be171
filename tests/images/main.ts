/**
 * Builds an image of each component from the programs that `make build` made, and an archive of each image for clusters
 * without a registry: $DANM_CACHE/images/<component>.tar. Does nothing when nothing has changed.
 *
 * Usage: deno run -A tests/images/main.ts BIN
 *
 * BASE=IMAGE in the environment: programs are run in that image, and not in one of this machine's Debian packages.
 */

import { createHash } from "node:crypto";
import { fromFileUrl, resolve } from "@std/path/posix";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { openLocked } from "../../lib/host/files/open_locked.ts";
import { removeIfThere } from "../../lib/host/files/remove_path.ts";
import { PLUGINS } from "../../lib/installer/payload.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { NODE_FOLDER } from "../build/build_programs.ts";
import { openBuilder } from "./builder.ts";
import { COMPONENTS, imageName, imageStorage } from "./image_names.ts";
import { PROGRAM_DIR, readProgram } from "./program.ts";

const CONTAINERFILE = fromFileUrl(new URL("../../manifests/images/Containerfile", import.meta.url));

/** Made by setup.sh. */
const BASE_ARCHIVE = `${cacheFolder()}/image-base-1/base.tar`;

const LOCAL_BASE = "localhost/danm-base:1";

const [bin] = Deno.args;
if (bin === undefined) throw new Error("Cannot build images: the folder of programs is missing");
const archives = `${cacheFolder()}/images`;
const stamp = `${archives}/.built`;
const context = `${archives}/.context`;
await Deno.mkdir(archives, { recursive: true });
// One builder at a time, which starts with what a killed one left.
using _lock = await openLocked(`${archives}/.lock`, new AbortController().signal);
await removeIfThere(context);
try {
  const digest = await fillContext(resolve(bin), context);
  if (await isBuilt(digest)) console.log("images: nothing has changed");
  else await buildAll(digest);
} finally {
  await removeIfThere(context);
}

/** Resolves to a digest of all that goes into the images. */
async function fillContext(bin: string, context: string): Promise<string> {
  const hash = createHash("sha256");
  const runtime = `${context}/usr/lib/danm`;
  await Promise.all([`${context}/bin`, runtime].map((path) => Deno.mkdir(path, { recursive: true })));
  const runtimes = new Set<string>();
  for (const name of [...COMPONENTS, ...PLUGINS].sort()) {
    const { bytes, deno } = await readProgram(`${bin}/${isPlugin(name) ? `${NODE_FOLDER}/` : ""}${name}`);
    await Deno.writeFile(`${context}/bin/${name}`, bytes, { mode: 0o755 });
    hash.update(bytes);
    if (deno !== undefined) runtimes.add(deno);
  }
  if (runtimes.size > 1) throw new Error(`Cannot build images: the programs name ${[...runtimes].join(" and ")}`);
  for (const deno of runtimes) {
    await Deno.copyFile(deno, `${runtime}/deno`);
    await Deno.chmod(`${runtime}/deno`, 0o755);
    hash.update(await Deno.readFile(deno));
  }
  hash.update(await Deno.readFile(CONTAINERFILE));
  hash.update(Deno.env.get("BASE") ?? await Deno.readFile(BASE_ARCHIVE));
  return hash.update(`${PROGRAM_DIR} ${PRODUCT_VERSION}`).digest("hex");
}

function isPlugin(name: string): boolean {
  return PLUGINS.some((plugin) => plugin === name);
}

async function isBuilt(digest: string): Promise<boolean> {
  try {
    for (const name of COMPONENTS) await Deno.stat(`${archives}/${name}.tar`);
    return await Deno.readTextFile(stamp) === digest;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function buildAll(digest: string): Promise<void> {
  const builder = await openBuilder(imageStorage());
  const base = Deno.env.get("BASE") || LOCAL_BASE;
  if (base === LOCAL_BASE) await builder.importBase(BASE_ARCHIVE, base);
  const source = { containerfile: CONTAINERFILE, context, base, version: PRODUCT_VERSION };
  for (const component of COMPONENTS) {
    const started = performance.now();
    const archive = `${context}/${component}.tar`;
    await builder.build(source, component, imageName(component));
    await builder.save(imageName(component), archive);
    await Deno.rename(archive, `${archives}/${component}.tar`);
    console.log(`images: ${imageName(component)} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  await Deno.writeTextFile(stamp, digest);
  console.log(`images: made with ${builder.name}, archives in ${archives}`);
}
