/** Builds images of Containerfile targets: with buildah, else with docker. */

/** What an image is built of. */
export interface ImageSource {
  readonly containerfile: string;
  readonly context: string;
  /** Names of the images that programs are run in, by what the Containerfile calls them. */
  readonly bases: Readonly<Record<string, string>>;
}

/** What an image says of itself. Source: OCI image specification 1.1, image configuration. */
export interface ImageConfig {
  readonly User?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** A tool that builds images. */
export interface Builder {
  readonly name: string;
  /** Makes an image called `name` of the tar archive of its files. */
  importBase(archive: string, name: string): Promise<void>;
  build(source: ImageSource, target: string, name: string, labels: ImageConfig["Labels"]): Promise<void>;
  /** Writes an archive that holds one image and its name. */
  save(name: string, archive: string): Promise<void>;
  config(name: string): Promise<ImageConfig>;
  /** Runs an image without a network; resolves to what it printed. */
  run(name: string, args: readonly string[]): Promise<string>;
}

/**
 * The builder of this machine.
 *
 * @param storage folder for what it keeps between builds
 */
export async function openBuilder(storage: string): Promise<Builder> {
  const path = ["--root", `${storage}/images`, "--runroot", `${storage}/run`];
  for (const driver of ["overlay", "vfs"]) {
    const options = [...path, "--storage-driver", driver];
    if (await succeeds("buildah", [...options, "images"])) return buildah(options);
  }
  if (await succeeds("docker", ["info"])) return docker();
  throw new Error("Cannot build images: there is no buildah that works here, and no docker that answers");
}

/** Layers are of one time whenever they are made, and so the same when their files are. */
function buildah(options: readonly string[]): Builder {
  const run = (...args: readonly string[]) => must("buildah", [...options, ...args]);
  const bud = ["bud", "--quiet", "--isolation=chroot", "--layers", "--timestamp=0"];
  return {
    name: "buildah",
    async importBase(archive, name) {
      const container = (await run("from", "scratch")).trim();
      await run("add", "--quiet", container, archive, "/");
      await run("commit", "--quiet", "--rm", "--timestamp=0", container, name);
    },
    async build(source, target, name, labels) {
      await run(...bud, ...buildOptions(source, target, name, labels), source.context);
    },
    async save(name, archive) {
      await run("push", "--quiet", "--compression-format=zstd", name, `oci-archive:${archive}:${name}`);
    },
    config: async (name) => JSON.parse(await run("inspect", "--type=image", name)).OCIv1.config,
    async run(name, args) {
      const container = (await run("from", name)).trim();
      try {
        // In a namespace without links: this kind of isolation has no network of its own.
        const call = ["--net", "buildah", ...options, "run", "--isolation=chroot", container, "--", ...args];
        return await must("unshare", call);
      } finally {
        await run("rm", container);
      }
    },
  };
}

function docker(): Builder {
  const run = (...args: readonly string[]) => must("docker", args);
  return {
    name: "docker",
    importBase: async (archive, name) => void await run("import", archive, name),
    async build(source, target, name, labels) {
      await run("build", "--quiet", ...buildOptions(source, target, name, labels), source.context);
    },
    save: async (name, archive) => void await run("save", `--output=${archive}`, name),
    config: async (name) => JSON.parse(await run("image", "inspect", name))[0].Config,
    run: (name, [program = "", ...args]) =>
      run("run", "--rm", "--network=none", `--entrypoint=${program}`, name, ...args),
  };
}

function buildOptions(
  { containerfile, bases }: ImageSource,
  target: string,
  name: string,
  labels: ImageConfig["Labels"] = {},
): string[] {
  const values = Object.entries(bases).map(([argument, base]) => `--build-arg=${argument}=${base}`);
  const texts = Object.entries(labels).map(([label, text]) => `--label=${label}=${text}`);
  return [...values, ...texts, `--file=${containerfile}`, `--target=${target}`, `--tag=${name}`];
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await must(program, args);
    return true;
  } catch {
    return false;
  }
}

async function must(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  if (!success) throw new Error(`Cannot build images: ${program} ${args.join(" ")} failed:\n${complaint.trim()}`);
  return text;
}
