/**
 * Makes a release: everything of it in one folder, release/VERSION, for somebody to publish.
 *
 * Usage: deno run -A tests/release/main.ts VERSION
 *
 * It has for each kind of machine the binaries, danm-VERSION-linux-ARCH.tar.gz; for this one also the images, an archive
 * and a bill of materials each; danm-VERSION-manifests.tar.gz, which name the images by their digests; the changes of the
 * version; SHA256SUMS of all of it. Binaries are made with the vendor's runtime or not at all.
 */

import { join } from "@std/path/posix";
import { PRODUCT_VERSION } from "../../lib/api/product_version.ts";
import { removeIfThere } from "../../lib/host/files/remove_path.ts";
import { buildPrograms } from "../build/build_programs.ts";
import { ROOT, runDeno, runTool } from "../build/run_deno.ts";
import { setUp } from "../build/set_up.ts";
import { refusalOf } from "../build/find_runtime.ts";
import { COMPONENTS, imageName } from "../images/image_names.ts";
import { cacheFolder } from "../node/cache_folder.ts";
import { changesOf, objections } from "./objections.ts";
import { manifestDigest, withDigests } from "./image_digests.ts";

/** What machines are called: by uname(1), by Kubernetes and by `deno compile`. */
const MACHINES = [
  { machine: "x86_64", arch: "amd64", target: "x86_64-unknown-linux-gnu" },
  { machine: "aarch64", arch: "arm64", target: "aarch64-unknown-linux-gnu" },
] as const;

const IMAGES = join(ROOT, "tests/images/main.ts");

/** Archives are the same when what is in them is. */
const TAR = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--create", "--gzip"];

const [version = ""] = Deno.args;
const changelog = await Deno.readTextFile(join(ROOT, "CHANGELOG.md"));
const status = await must("git", "status", "--porcelain");
const reasons = objections({
  version,
  productVersion: PRODUCT_VERSION,
  changelog,
  uncommitted: status.split("\n").filter((line) => line !== ""),
  denortBin: Deno.env.get("DENORT_BIN"),
});
if (reasons.length > 0) refuse(...reasons);
const folder = join(ROOT, "release", version);
await removeIfThere(folder);
await Deno.mkdir(join(folder, "images"), { recursive: true });

const here = MACHINES.find(({ arch }) => arch === { x86_64: "amd64", aarch64: "arm64" }[Deno.build.arch])!;
await releaseBinaries(here);
for (const machine of MACHINES) if (machine !== here) await releaseBinaries(machine);
await releaseImages(join(folder, ".bin", here.arch));
await releaseManifests();
await Deno.writeTextFile(join(folder, "CHANGES.md"), `${changesOf(changelog, version)}\n`);
await removeIfThere(join(folder, ".bin"));
await Deno.writeTextFile(join(folder, "SHA256SUMS"), await sums());
say(`release/${version} is complete: ${await must("du", "--summarize", "--human-readable", folder)}`);

/** Only for this machine can be tried what was made, and is it a failure when nothing can be. */
async function releaseBinaries({ machine, arch, target }: typeof MACHINES[number]): Promise<void> {
  const { path, reason } = await setUp("vendor", machine);
  if (path === undefined && arch !== here.arch) {
    return say(`no binaries for ${arch}: the vendor's runtime for it cannot be had: ${reason}`);
  }
  const refusal = path === undefined ? reason : arch === here.arch ? await refusalOf(path) : undefined;
  if (path === undefined || refusal !== undefined) return refuse(`the vendor's runtime cannot be had: ${refusal}`);
  const bin = join(folder, ".bin", arch);
  await buildPrograms(bin, path, target);
  const archive = join(folder, `danm-${version}-linux-${arch}.tar.gz`);
  await must("tar", ...TAR, `--file=${archive}`, `--directory=${bin}`, ".");
  say(`binaries for ${arch}`);
}

async function releaseImages(bin: string): Promise<void> {
  for (const step of [runTool(join(ROOT, "tests/images/setup.sh"), []), runDeno(["run", "-A", IMAGES, bin])]) {
    const { success, stdout, stderr } = await step;
    if (!success) refuse(`images cannot be made: ${stdout}${stderr}`);
  }
  for (const component of COMPONENTS) {
    for (const name of [`${component}.tar`, `${component}.spdx.json`]) {
      await Deno.copyFile(`${cacheFolder()}/images/${name}`, join(folder, "images", name));
    }
  }
  say(`images for ${here.arch}`);
}

/** Images are named by what they contain, whatever becomes of their tag. */
async function releaseManifests(): Promise<void> {
  const work = join(folder, ".manifests");
  await Deno.mkdir(work);
  await must("cp", "--recursive", join(ROOT, "manifests"), join(ROOT, "crds"), work);
  const digests = new Map<string, string>();
  for (const component of COMPONENTS) {
    const index = await must(
      "tar",
      "--extract",
      "--to-stdout",
      `--file=${folder}/images/${component}.tar`,
      "index.json",
    );
    digests.set(imageName(component), manifestDigest(JSON.parse(index)));
  }
  const files = (await must("find", work, "-name", "*.yaml")).trim().split("\n");
  for (const file of files) await Deno.writeTextFile(file, withDigests(await Deno.readTextFile(file), digests));
  const archive = join(folder, `danm-${version}-manifests.tar.gz`);
  await must("tar", ...TAR, `--file=${archive}`, `--directory=${work}`, "manifests", "crds");
  await removeIfThere(work);
  say("manifests");
}

async function sums(): Promise<string> {
  const files = (await must("find", folder, "-type", "f", "-printf", "%P\\n")).trim().split("\n").sort();
  return await must("sh", "-c", 'cd "$1" && shift && exec sha256sum "$@"', "sh", folder, ...files);
}

async function must(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await runTool(program, args);
  if (!success) throw new Error(`Cannot release: ${program} ${args.join(" ")} failed: ${stderr}`);
  return stdout;
}

function say(text: string): void {
  console.log(`release: ${text.trim()}`);
}

function refuse(...reasons: string[]): never {
  for (const reason of reasons) console.error(`Cannot release ${version}: ${reason}`);
  Deno.exit(1);
}
