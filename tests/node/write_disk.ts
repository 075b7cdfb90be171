import { eventually } from "../cluster/eventually.ts";
import { findBinary } from "../cluster/find_binary.ts";
import { startGuarded } from "../cluster/guarded_process.ts";
import { run } from "../run_program.ts";

/** Space for images and Pods; only what is written takes any. */
const SIZE = "8G";

/**
 * Writes the disk of a virtual machine: a file system that holds `images` as containerd stores them. An emulated
 * processor would take minutes for what this host's does in seconds.
 *
 * @param file gets the disk
 * @param images archives
 */
export async function writeDisk(file: string, images: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "danm-disk-" });
  try {
    const root = `${folder}/disk/var/lib/containerd`;
    await Deno.mkdir(root, { recursive: true });
    await importImages(folder, root, images);
    await run("truncate", `--size=${SIZE}`, file);
    await run("mkfs.ext4", "-q", "-d", `${folder}/disk`, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** In namespaces of its own, so that no mount outlives it. */
async function importImages(folder: string, root: string, images: readonly string[]): Promise<void> {
  const [containerd, ctr] = await Promise.all([findBinary("containerd"), findBinary("ctr")]);
  const socket = `${folder}/containerd.sock`;
  await Deno.writeTextFile(
    `${folder}/containerd.toml`,
    `version = 3
root = "${root}"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]

[grpc]
address = "${socket}"
`,
  );
  const isolated = ["unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"];
  const config = `--config=${folder}/containerd.toml`;
  await using _daemon = startGuarded([...isolated, containerd, config], `${folder}/containerd.log`);
  const tell = (...words: string[]) => run(ctr!, `--address=${socket}`, "--namespace=k8s.io", ...words);
  await eventually("start containerd", () => tell("version"));
  for (const image of images) await tell("images", "import", "--local", image);
}
