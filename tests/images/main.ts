/**
 * Builds an image of each component from the programs that `make build` made, and for clusters without a registry an
 * archive of each image: $DANM_CACHE/images/<component>.tar, with a bill of its materials, <component>.spdx.json. Does
 * nothing when nothing has changed.
 *
 * Usage: deno run -A tests/images/main.ts BIN
 *
 * BASE=IMAGE in the environment: programs are run in that image, and not in one of this machine's Debian packages.
 */

import { fromFileUrl, resolve } from "@std/path/posix";
import { createHash } from "node:crypto";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { openLocked } from "../../lib/host/files/open_locked.ts";
import { removeIfThere } from "../../lib/host/files/remove_path.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { openBuilder } from "./builder.ts";
import { type Base, fillContext } from "./fill_context.ts";
import { COMPONENTS, imageName, imageStorage, ON_NODES, SUMMARIES } from "./image_names.ts";

const CONTAINERFILE = fromFileUrl(new URL("../../manifests/images/Containerfile", import.meta.url));

/** Which of the bases that setup.sh has made over time. */
const BASE_VERSION = (await Deno.readTextFile(new URL("base_version", import.meta.url))).trim();

/** Made by setup.sh. */
const BASE_FOLDER = `${cacheFolder()}/image-base-${BASE_VERSION}`;

/** A base that is the user's, instead of both of ours. */
const foreignBase = Deno.env.get("BASE") || undefined;

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
  const { digest, haveLaunchers } = await fillContext(resolve(bin), context, baseOf);
  const whole = createHash("sha256").update(digest).update(await Deno.readFile(CONTAINERFILE)).update(
    foreignBase ?? "",
  ).update(COMPONENTS.map(imageName).join());
  const wanted = whole.digest("hex");
  if (await isBuilt(wanted)) console.log("images: nothing has changed");
  else await buildAll(wanted, haveLaunchers);
} finally {
  await removeIfThere(context);
}

/** Launchers need sh, wherever they run. */
function baseOf(component: string, haveLaunchers: boolean): Base | undefined {
  if (foreignBase !== undefined) return undefined;
  const name = haveLaunchers || ON_NODES.includes(component) ? "tools" : "libraries";
  return { archive: `${BASE_FOLDER}/${name}.tar`, packages: `${BASE_FOLDER}/${name}.packages` };
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

async function buildAll(digest: string, haveLaunchers: boolean): Promise<void> {
  const builder = await openBuilder(imageStorage());
  const local = new Map<string, string>();
  for (const component of COMPONENTS) {
    const started = performance.now();
    const base = baseOf(component, haveLaunchers);
    if (base !== undefined && !local.has(base.archive)) {
      const name = `localhost/danm-base-${local.size}:${BASE_VERSION}`;
      await builder.importBase(base.archive, name);
      local.set(base.archive, name);
    }
    const name = base === undefined ? foreignBase! : local.get(base.archive)!;
    // The one of the two that the target is not made of is not looked at.
    const source = { containerfile: CONTAINERFILE, context, bases: { TOOLS: name, LIBRARIES: name } };
    await builder.build(source, component, imageName(component), labelsOf(component));
    const archive = `${context}/${component}.tar`;
    await builder.save(imageName(component), archive);
    await Deno.rename(archive, `${archives}/${component}.tar`);
    await Deno.rename(`${context}/sbom/${component}.spdx.json`, `${archives}/${component}.spdx.json`);
    const { size } = await Deno.stat(`${archives}/${component}.tar`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`images: ${imageName(component)}, ${(size / 1e6).toFixed(0)} MB compressed, in ${seconds} s`);
  }
  await Deno.writeTextFile(stamp, digest);
  console.log(`images: made with ${builder.name}, archives in ${archives}`);
}

/** Source: OCI image specification 1.1, annotations. */
function labelsOf(component: keyof typeof SUMMARIES): Record<string, string> {
  return {
    "org.opencontainers.image.title": `danm/${component}`,
    "org.opencontainers.image.description": SUMMARIES[component],
    "org.opencontainers.image.version": PRODUCT_VERSION,
    "org.opencontainers.image.licenses": "BSD-3-Clause",
  };
}
