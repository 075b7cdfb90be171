/** A node, made of folders, on which the installer works with the rights it is shipped with. */

import { dirname, fromFileUrl } from "@std/path/posix";
import { DEFAULT_API_GROUP } from "../../lib/api/resource.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { type DaemonProcess, startDaemon } from "../runtime/daemon_process.ts";

const ROOT = dirname(dirname(dirname(fromFileUrl(import.meta.url))));
const PLUGINS = `${PROGRAM_FOLDER}/node`;

/** Folders of a node. Disposing of it removes them. */
export interface InstalledNode extends AsyncDisposable {
  readonly folder: string;
  readonly pluginDir: string;
  readonly configDir: string;
  readonly runtimeDir: string;
  readonly settingsDir: string;
  readonly stateDir: string;
  /** A kubeconfig with the installer's own rights. */
  readonly kubeconfig: string;
  /** Where the Node object of its name is. */
  readonly name: string;
  /** Folders with two versions of the programs. */
  readonly versions: readonly [string, string];
  /** Starts an installer of the programs in `source`. */
  start(source?: string, ...flags: readonly string[]): DaemonProcess;
  /** Runs an installer until it is ready, then ends it as kubelet does; resolves to its log. */
  install(source?: string, ...flags: readonly string[]): Promise<DaemonProcess["log"]>;
  /** Paths of all files below `folder` but the settings and sources, sorted. */
  files(): Promise<string[]>;
  /** Calls a plugin that is installed as a container runtime does: with no environment but the protocol's. */
  call(plugin: string, command: string, changes?: Readonly<Record<string, unknown>>): Promise<PluginAnswer>;
  /** The configuration in use. */
  config(file?: string): Promise<Record<string, unknown>>;
}

/** What a plugin printed, and how it ended. */
export interface PluginAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Makes the folders of a node of `cluster`, which gets DANM's kinds and the rights of danm and the installer. */
export async function createNode(cluster: Cluster): Promise<InstalledNode> {
  await installCrds(cluster, DEFAULT_API_GROUP, "lightweight", "production");
  await applyManifests(cluster, `${ROOT}/manifests/danm/rbac.yaml`, `${ROOT}/manifests/installer/rbac.yaml`);
  const name = `node-${crypto.randomUUID()}`;
  await createNodeObject(cluster, name);
  const kubeconfig = await installerKubeconfig(cluster);
  const folder = await Deno.makeTempDir({ prefix: "danm-installed-" });
  const [pluginDir, configDir, runtimeDir, settingsDir, stateDir] = ["bin", "net.d", "runtime", "settings", "state"]
    .map((name) => `${folder}/${name}`) as [string, string, string, string, string];
  await Promise.all([pluginDir, configDir, settingsDir].map((path) => Deno.mkdir(path)));
  await Deno.writeTextFile(`${settingsDir}/stateDir`, stateDir);
  await Deno.writeTextFile(`${settingsDir}/logFile`, `${folder}/danm.log`);
  const versions = [await copyPrograms(`${folder}/1`, ""), await copyPrograms(`${folder}/2`, "\n// another build\n")];
  const start: InstalledNode["start"] = (source = PLUGINS, ...flags) =>
    startDaemon(
      "installer",
      `--kubeconfig=${kubeconfig}`,
      `--source-dir=${source}`,
      `--settings-dir=${settingsDir}`,
      `--plugin-dir=${pluginDir}`,
      `--config-dir=${configDir}`,
      `--runtime-dir=${runtimeDir}`,
      `--node-name=${name}`,
      ...flags,
    );
  const config = async (file = "00-danm.conf") => JSON.parse(await Deno.readTextFile(`${configDir}/${file}`));
  return {
    folder,
    pluginDir,
    configDir,
    runtimeDir,
    settingsDir,
    stateDir,
    kubeconfig,
    name,
    versions: versions as [string, string],
    start,
    config,
    async install(source, ...flags) {
      await using process = start(source, ...flags);
      await process.ready();
      process.kill("SIGTERM");
      const { code } = await process.status;
      if (code !== 0) throw new Error(`the installer ended with exit code ${code}: ${JSON.stringify(process.log)}`);
      return process.log;
    },
    async files() {
      const all = await filesBelow(folder);
      return all.filter((path) => !["settings/", "1/", "2/"].some((start) => path.startsWith(start))).sort();
    },
    async call(plugin, command, changes = {}) {
      const input = { ...await config(), ...changes };
      const child = new Deno.Command(`${pluginDir}/${plugin}`, {
        clearEnv: true,
        env: { CNI_COMMAND: command, CNI_PATH: pluginDir },
        cwd: "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(JSON.stringify(input)));
      await writer.close();
      const { code, stdout, stderr } = await child.output();
      const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
      return { code, stdout: out, stderr: err };
    },
    async [Symbol.asyncDispose]() {
      await cluster.kubectl("delete", "node", name, "--ignore-not-found", "--wait=false");
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** The Node that tokens are bound to. */
export async function createNodeObject(cluster: Cluster, name: string): Promise<void> {
  using client = cluster.client();
  const nodes = { group: "", version: "v1", plural: "nodes" };
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  await client.create(nodes, node, { signal: AbortSignal.timeout(30_000) });
}

/** A kubeconfig of the installer's service account, in its own namespace as in a Pod. */
async function installerKubeconfig(cluster: Cluster): Promise<string> {
  return await cluster.kubeconfigFor({ namespace: "kube-system", name: "danm-installer" });
}

async function copyPrograms(folder: string, ending: string): Promise<string> {
  await Deno.mkdir(folder);
  for (const name of ["danm", "fakeipam"]) {
    await Deno.copyFile(`${PLUGINS}/${name}`, `${folder}/${name}`);
    await Deno.writeTextFile(`${folder}/${name}`, ending, { append: true });
  }
  return folder;
}

async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await filesBelow(`${folder}/${name}`, `${prefix}${name}/`));
    else found.push(prefix + name);
  }
  return found;
}
