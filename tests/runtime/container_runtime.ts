/** Calls bin/danm the way a container runtime does: environment, stdin, own namespace; nothing else. */

import { attachmentKey, journalPath } from "../../lib/host/journal/journal_path.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { cniPluginFolder } from "../cluster/find_binary.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";

/** A container as the runtime names it. */
export interface Sandbox {
  readonly containerId: string;
  /** Path of its network namespace. */
  readonly netns: string;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid?: string };
  /** CNI_IFNAME; `eth0` unless given. */
  readonly ifName?: string;
}

/** What a plugin call ended with. */
export interface CallOutcome {
  readonly code: number;
  /** What it printed, parsed; undefined when it printed nothing. */
  readonly answer: unknown;
  readonly stderr: string;
  readonly ms: number;
}

/** A node's runtime. Disposing removes its files. */
export interface ContainerRuntime extends AsyncDisposable {
  /** Folder for everything the node keeps; `state` in it is danm's stateDir. */
  readonly folder: string;
  readonly stateDir: string;
  readonly logFile: string;
  /** Folder of the configuration files of static delegates. */
  readonly cniDir: string;
  /** Folder of plugins: links to danm, fakeipam and the reference plugins. */
  readonly binDir: string;
  /** Path of danm's journal of the attachment that a call with this sandbox and configuration makes. */
  journalOf(sandbox: Pick<Sandbox, "containerId" | "ifName">, configName?: string): string;
  /** The network configuration danm gets. */
  config(changes?: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Calls danm; GC, STATUS and VERSION are about no container. */
  call(
    command: string,
    sandbox: Sandbox | undefined,
    changes?: Readonly<Record<string, unknown>>,
  ): Promise<CallOutcome>;
  /** Calls any plugin of `binDir`. */
  callPlugin(
    plugin: string,
    command: string,
    sandbox: Sandbox | undefined,
    config: Readonly<Record<string, unknown>>,
  ): Promise<CallOutcome>;
  /** Starts a call without waiting for its end, to be killed. */
  start(
    command: string,
    sandbox: Sandbox | undefined,
    changes?: Readonly<Record<string, unknown>>,
  ): Promise<Deno.ChildProcess>;
}

/** Sets a node up that reaches `cluster` by `kubeconfig` (the administrator's unless given). */
export async function createRuntime(cluster: Cluster, kubeconfig = cluster.kubeconfig): Promise<ContainerRuntime> {
  const folder = await Deno.makeTempDir({ prefix: "danm-node-" });
  const [stateDir, cniDir, binDir] = ["state", "net.d", "bin"].map((name) => `${folder}/${name}`) as [
    string,
    string,
    string,
  ];
  await Promise.all([cniDir, binDir].map((path) => Deno.mkdir(path)));
  const plugins = await cniPluginFolder();
  for await (const { name } of Deno.readDir(plugins)) await Deno.symlink(`${plugins}/${name}`, `${binDir}/${name}`);
  await Promise.all(["danm", "fakeipam"].map((name) => Deno.symlink(`${PROGRAM_FOLDER}/${name}`, `${binDir}/${name}`)));
  const logFile = `${folder}/danm.log`;

  const config: ContainerRuntime["config"] = (changes = {}) => ({
    cniVersion: "1.0.0",
    name: "danm",
    type: "danm",
    kubeconfig,
    cniDir,
    stateDir,
    logFile,
    ...changes,
  });
  const spawn = async (plugin: string, command: string, sandbox: Sandbox | undefined, input: unknown) => {
    const child = new Deno.Command(`${binDir}/${plugin}`, {
      clearEnv: true,
      env: environment(command, sandbox, binDir),
      cwd: "/",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(input)));
    await writer.close();
    return child;
  };
  const callPlugin: ContainerRuntime["callPlugin"] = async (plugin, command, sandbox, input) => {
    const started = performance.now();
    const { code, stdout, stderr } = await (await spawn(plugin, command, sandbox, input)).output();
    const ms = performance.now() - started;
    const [text, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
    return { code, answer: text === "" ? undefined : JSON.parse(text), stderr: complaint, ms };
  };
  return {
    folder,
    stateDir,
    logFile,
    cniDir,
    binDir,
    journalOf({ containerId, ifName = "eth0" }, configName = "danm") {
      return journalPath(stateDir, attachmentKey({ containerId, ifName, configName }));
    },
    config,
    start: (command, sandbox, changes) => spawn("danm", command, sandbox, config(changes)),
    call: (command, sandbox, changes) => callPlugin("danm", command, sandbox, config(changes)),
    callPlugin,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

function environment(command: string, sandbox: Sandbox | undefined, binDir: string): Record<string, string> {
  const common = { CNI_COMMAND: command, CNI_PATH: binDir };
  if (!sandbox) return common;
  const { containerId, netns, pod, ifName = "eth0" } = sandbox;
  const args = [
    "IgnoreUnknown=1",
    `K8S_POD_NAMESPACE=${pod.namespace}`,
    `K8S_POD_NAME=${pod.name}`,
    `K8S_POD_INFRA_CONTAINER_ID=${containerId}`,
    ...(pod.uid === undefined ? [] : [`K8S_POD_UID=${pod.uid}`]),
  ];
  return {
    ...common,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifName,
    CNI_ARGS: args.join(";"),
  };
}
