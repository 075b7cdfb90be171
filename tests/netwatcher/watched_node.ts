/** A node with netwatcher: a network namespace that reaches the API server, and the programs that run in it. */

import { fromFileUrl } from "@std/path/posix";
import { type Link } from "../../lib/link/link.ts";
import { readLinks } from "../../lib/link/read_links.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { createNamespace, type TestNamespace } from "../netns.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { type ContainerRuntime, createRuntime } from "../runtime/container_runtime.ts";
import { startRelay } from "./relay.ts";

/** Every look is a process or more, which an emulated machine needs its time for. */
const LOOK_MS = 300;

/** One line of a daemon's log. */
type LogLine = Readonly<Record<string, unknown>>;

/** A running netwatcher. Disposing kills it. */
export interface Netwatcher extends AsyncDisposable {
  readonly pid: number;
  readonly log: readonly LogLine[];
  /** Waits for a line that has all of `fields`; from the start of the log, or from line number `from`. */
  says(fields: LogLine, from?: number): Promise<LogLine>;
  /** Asks its HTTP server; resolves to the answer, status line included. */
  get(path: string): Promise<string>;
  /** The value of a metric, e.g. `danm_host_links_desired`. */
  metric(name: string): Promise<number | undefined>;
  /** Ends it as kubelet does; resolves to its exit code. */
  stop(): Promise<number>;
}

/** A node. Disposing removes it with all in it. */
export interface WatchedNode extends AsyncDisposable {
  readonly name: string;
  readonly netns: TestNamespace;
  /** Runs danm in the node's namespace. */
  readonly runtime: ContainerRuntime;
  links(): Promise<Link[]>;
  /** Waits for the link of that name, or for what `matches` of it. */
  link(name: string, matches?: (link: Link) => boolean): Promise<Link>;
  /** Waits until there is no link of that name. */
  noLink(name: string): Promise<void>;
  /**
   * Starts netwatcher, and waits until it has looked at the links.
   *
   * @param by a program and its arguments, which end with a command to run, e.g. unshare(1)
   * @param flags further ones
   */
  startNetwatcher(by?: readonly string[], flags?: readonly string[]): Promise<Netwatcher>;
}

/** @param kubeconfig netwatcher's own, as `applyNetwatcher()` made it */
export async function createWatchedNode(cluster: Cluster, kubeconfig: string): Promise<WatchedNode> {
  await using undo = new AsyncDisposableStack();
  const netns = undo.use(await createNamespace());
  await openWay(undo, cluster, netns);
  const runtime = undo.use(await createRuntime(cluster));
  await enterBefore(runtime, "danm", netns);
  const links = () => readLinks(netns.path);
  const done = undo.move();
  return {
    name: netns.name,
    netns,
    runtime,
    links,
    link: (name, matches = () => true) =>
      eventually(`see link ${name} of ${netns.name}`, async () => {
        return (await links()).find((link) => link.name === name && matches(link));
      }, LOOK_MS),
    noLink: (name) =>
      eventually(`see link ${name} of ${netns.name} go`, async () => {
        return (await links()).some((link) => link.name === name) ? undefined : true;
      }, LOOK_MS).then(() => {}),
    async startNetwatcher(by = [], flags = []) {
      const state = [`--state-dir=${runtime.stateDir}`, `--cni-path=${runtime.binDir}`];
      const identity = [`--kubeconfig=${kubeconfig}`, `--node-name=${netns.name}`, "--metrics-address=127.0.0.1:0"];
      const command = [
        "nsenter",
        `--net=${netns.path}`,
        "--",
        `${PROGRAM_FOLDER}/netwatcher`,
        ...identity,
        ...state,
        ...flags,
      ];
      const netwatcher = spawnNetwatcher(netns, [...by, ...command]);
      await eventually(
        "be ready",
        async () => (await netwatcher.get("/readyz")).includes("\nok") || undefined,
        LOOK_MS,
      );
      return netwatcher;
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

/** Makes the API server's address lead to it from within the namespace. */
async function openWay(undo: AsyncDisposableStack, cluster: Cluster, netns: TestNamespace): Promise<void> {
  const folder = await Deno.makeTempDir();
  undo.defer(() => Deno.remove(folder, { recursive: true }));
  const port = Number(new URL(cluster.url).port);
  undo.use(startRelay(`${folder}/api`, port));
  const relay = fromFileUrl(new URL("relay.ts", import.meta.url));
  const child = new Deno.Command("nsenter", {
    args: [`--net=${netns.path}`, "--", Deno.execPath(), "run", "-A", "--no-check", relay, `${port}`, `${folder}/api`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  undo.defer(async () => {
    child.kill("SIGKILL");
    await Promise.all([child.status, child.stdout.cancel()]);
  });
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  reader.releaseLock();
  if (done) throw new Error("Cannot reach the API server: the relay did not start");
}

/** Puts a program in the place of a plugin that runs it in the node's namespace. */
async function enterBefore({ binDir }: ContainerRuntime, plugin: string, { path }: TestNamespace): Promise<void> {
  await Deno.remove(`${binDir}/${plugin}`);
  const script = `#!/bin/sh\nexec /usr/bin/nsenter --net=${path} -- ${PROGRAM_FOLDER}/${plugin}\n`;
  await Deno.writeTextFile(`${binDir}/${plugin}`, script, { mode: 0o755 });
}

function spawnNetwatcher(netns: TestNamespace, [program, ...args]: readonly string[]): Netwatcher {
  const child = new Deno.Command(program!, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log: LogLine[] = [];
  const reading = forEachLine(child.stderr, (line) => log.push(parseLine(line)));
  const has = (line: LogLine, fields: LogLine) => Object.entries(fields).every(([key, value]) => line[key] === value);
  const says: Netwatcher["says"] = (fields, from = 0) =>
    eventually(`read ${JSON.stringify(fields)} after ${log.length} lines`, () => {
      return log.slice(from).find((line) => has(line, fields));
    });
  const get = async (path: string) => {
    const port = String((await says({ message: "started" }))["metricsAddress"]).split(":")[1];
    const ask = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    return await netns.run("bash", "-c", ask);
  };
  const end = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await reading;
    return (await child.status).code;
  };
  return {
    pid: child.pid,
    log,
    says,
    get,
    async metric(name) {
      const line = (await get("/metrics")).split("\n").find((line) => line.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
    stop: () => end("SIGTERM"),
    [Symbol.asyncDispose]: async () => void await end("SIGKILL"),
  };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line);
  } catch {
    return { line };
  }
}

async function forEachLine(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (line: string) => void) {
  let rest = "";
  for await (const chunk of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  }
}
