/** Images for tests, made of static programs. Source: OCI image specification 1.1, image layout. */

import { createHash } from "node:crypto";
import { findBinary } from "../cluster/find_binary.ts";
import { run } from "../run_program.ts";

/** What Pods of tests run. */
export const BUSYBOX_IMAGE = "danm.test/busybox:1";
/** What holds the namespaces of a Pod. */
export const PAUSE_IMAGE = "danm.test/pause:1";
/** The cluster's DNS. */
export const COREDNS_IMAGE = "danm.test/coredns:1";

interface Image {
  readonly name: string;
  /** Fills the root folder. */
  readonly fill: (root: string) => Promise<void>;
  /** What a container runs unless its Pod says otherwise. */
  readonly command: readonly string[];
}

const IMAGES: readonly Image[] = [
  { name: BUSYBOX_IMAGE, fill: addBusybox, command: ["/bin/sh"] },
  { name: PAUSE_IMAGE, fill: addBusybox, command: ["/bin/sleep", "2147483647"] },
  { name: COREDNS_IMAGE, fill: addCoreDns, command: ["/bin/coredns"] },
];

const ARCHITECTURES = { x86_64: "amd64", aarch64: "arm64" };
const TYPE = "application/vnd.oci.image";

/** Writes all of them to an OCI archive that `ctr image import` takes. */
export async function writeTestImages(archive: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "danm-images-" });
  try {
    const layout = `${folder}/layout`;
    await Deno.mkdir(`${layout}/blobs/sha256`, { recursive: true });
    const manifests = [];
    for (const image of IMAGES) manifests.push(await writeImage(layout, image, `${folder}/${manifests.length}`));
    await Deno.writeTextFile(`${layout}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    await Deno.writeTextFile(`${layout}/index.json`, JSON.stringify({ schemaVersion: 2, manifests }));
    await Deno.writeFile(archive, await tar(layout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Resolves to its descriptor for the index. */
async function writeImage(layout: string, { name, fill, command }: Image, root: string) {
  const store = async (kind: string, bytes: Uint8Array<ArrayBuffer>) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    await Deno.writeFile(`${layout}/blobs/sha256/${digest}`, bytes);
    return { mediaType: `${TYPE}.${kind}`, digest: `sha256:${digest}`, size: bytes.length };
  };
  const storeJson = (kind: string, value: unknown) => store(kind, new TextEncoder().encode(JSON.stringify(value)));

  await Promise.all(["bin", "etc", "tmp"].map((part) => Deno.mkdir(`${root}/${part}`, { recursive: true })));
  await fill(root);
  const layer = await store("layer.v1.tar", await tar(root));
  const config = await storeJson("config.v1+json", {
    architecture: ARCHITECTURES[Deno.build.arch],
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: command },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = { schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config, layers: [layer] };
  return { ...await storeJson("manifest.v1+json", manifest), annotations: { "io.containerd.image.name": name } };
}

async function addBusybox(root: string): Promise<void> {
  // A static glibc has no other sources of names built in than these.
  await Deno.writeTextFile(`${root}/etc/nsswitch.conf`, "hosts: files dns\nservices: files\n");
  const busybox = `${root}/bin/busybox`;
  await Deno.copyFile(await findBinary("busybox"), busybox);
  const names = (await run(busybox, "--list")).trim().split("\n").filter((name) => name !== "busybox");
  await Promise.all(names.map((name) => Deno.symlink("busybox", `${root}/bin/${name}`)));
}

async function addCoreDns(root: string): Promise<void> {
  await Deno.copyFile(await findBinary("coredns"), `${root}/bin/coredns`);
}

/** The same bytes whenever the files are the same. */
async function tar(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const constant = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  const args = ["--create", ...constant, `--directory=${folder}`, "."];
  const { success, stdout, stderr } = await new Deno.Command("tar", { args, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot make an archive of ${folder}: ${new TextDecoder().decode(stderr).trim()}`);
  return stdout;
}
