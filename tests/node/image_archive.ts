/** Images for tests: one static busybox under all its names. Source: OCI image specification 1.1, image layout. */

import { createHash } from "node:crypto";
import { findBinary } from "../cluster/find_binary.ts";

/** What Pods of tests run. */
export const BUSYBOX_IMAGE = "danm.test/busybox:1";
/** What holds the namespaces of a Pod. */
export const PAUSE_IMAGE = "danm.test/pause:1";

/** What a container runs unless its Pod says otherwise. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  [BUSYBOX_IMAGE]: ["/bin/sh"],
  [PAUSE_IMAGE]: ["/bin/sleep", "2147483647"],
};

const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64" };
const JSON_TYPE = "application/vnd.oci.image";

/** Writes both images, which share their only layer, to an OCI archive that `ctr image import` takes. */
export async function writeTestImages(archive: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "danm-images-" });
  try {
    const layer = await tar(await busyboxRoot(`${folder}/root`));
    const layout = `${folder}/layout`;
    const blobs = `${layout}/blobs/sha256`;
    await Deno.mkdir(blobs, { recursive: true });
    const store = async (bytes: Uint8Array<ArrayBuffer>, mediaType: string) => {
      const hex = createHash("sha256").update(bytes).digest("hex");
      await Deno.writeFile(`${blobs}/${hex}`, bytes);
      return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
    };
    const storeJson = (value: unknown, kind: string) => store(encode(value), `${JSON_TYPE}.${kind}.v1+json`);

    const stored = await store(layer, `${JSON_TYPE}.layer.v1.tar`);
    const manifests = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, command]) => {
        const config = await storeJson(imageConfig(stored.digest, command), "config");
        const manifest = { schemaVersion: 2, mediaType: `${JSON_TYPE}.manifest.v1+json`, config, layers: [stored] };
        return { ...await storeJson(manifest, "manifest"), annotations: { "io.containerd.image.name": name } };
      }),
    );
    await Deno.writeFile(`${layout}/oci-layout`, encode({ imageLayoutVersion: "1.0.0" }));
    await Deno.writeFile(`${layout}/index.json`, encode({ schemaVersion: 2, manifests }));
    await Deno.writeFile(archive, await tar(layout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function imageConfig(layer: string, command: readonly string[]) {
  return {
    architecture: ARCHITECTURES[Deno.build.arch],
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: command },
    rootfs: { type: "layers", diff_ids: [layer] },
  };
}

async function busyboxRoot(root: string): Promise<string> {
  await Promise.all(["bin", "tmp", "etc"].map((name) => Deno.mkdir(`${root}/${name}`, { recursive: true })));
  await Deno.copyFile(await findBinary("busybox"), `${root}/bin/busybox`);
  const names = new TextDecoder().decode(await output(`${root}/bin/busybox`, "--list"));
  await Promise.all(
    names.trim().split("\n").filter((name) => name !== "busybox")
      .map((name) => Deno.symlink("busybox", `${root}/bin/${name}`)),
  );
  return root;
}

/** The same bytes whenever the files are the same. */
async function tar(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const constant = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  return await output("tar", "--create", ...constant, `--directory=${folder}`, ".");
}

async function output(program: string, ...args: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run ${program}: ${new TextDecoder().decode(stderr).trim()}`);
  return stdout;
}

function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}
