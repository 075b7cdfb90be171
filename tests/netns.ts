/** Throw-away network namespaces for tests. Needs root and ip(8). */

import { eventually } from "./cluster/eventually.ts";
import { run } from "./run_program.ts";

/** A named network namespace of one test. Disposing removes it, and with it all links in it; a second time is fine. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  /** What a container runtime would pass as CNI_NETNS. */
  readonly path: string;
  /** Runs `ip` in the namespace, e.g. `ip("addr", "show")`; resolves to what it printed. */
  ip(...words: string[]): Promise<string>;
  /** Runs a program in the namespace; resolves to what it printed, rejects when it fails. */
  run(program: string, ...args: string[]): Promise<string>;
  /** Starts a program in the namespace; disposing ends it. `/proc/<pid>/ns/net` is the namespace from the start. */
  spawn(program: string, ...args: string[]): Promise<TestProcess>;
}

/** A program that a test started. */
export interface TestProcess extends AsyncDisposable {
  readonly pid: number;
}

const PREFIX = "danm-test";
/** Where ip-netns(8) keeps its names. */
const NAMESPACES = "/var/run/netns";

/** Makes an empty namespace, with its loopback link up, under a name no other test has. */
export async function createNamespace(): Promise<TestNamespace> {
  await removeAbandoned();
  const name = `${PREFIX}-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  const path = `${NAMESPACES}/${name}`;
  const namespace: TestNamespace = {
    name,
    path,
    ip: (...words) => run("ip", "-n", name, ...words),
    run: (program, ...args) => run("nsenter", `--net=${path}`, "--", program, ...args),
    spawn: (program, ...args) => spawnIn(path, program, args),
    [Symbol.asyncDispose]: () => remove(name),
  };
  try {
    await run("ip", "netns", "add", name);
    await namespace.ip("link", "set", "lo", "up");
  } catch (error) {
    await remove(name);
    throw error;
  }
  return namespace;
}

/** Makes a veth pair between two namespaces, both ends up. */
export async function joinNamespaces(
  a: { readonly namespace: TestNamespace; readonly name: string },
  b: { readonly namespace: TestNamespace; readonly name: string },
): Promise<void> {
  const end = ["type", "veth", "peer", "name", b.name, "netns", b.namespace.name];
  await a.namespace.ip("link", "add", "name", a.name, ...end);
  await a.namespace.ip("link", "set", "dev", a.name, "up");
  await b.namespace.ip("link", "set", "dev", b.name, "up");
}

async function spawnIn(path: string, program: string, args: readonly string[]): Promise<TestProcess> {
  const child = new Deno.Command("nsenter", {
    args: [`--net=${path}`, "--", program, ...args],
    stdin: "null",
    stdout: "null",
  }).spawn();
  const end = async () => {
    if (await exists(`/proc/${child.pid}`)) child.kill("SIGKILL");
    await child.status;
  };
  try {
    const { ino } = await Deno.stat(path);
    await eventually(`start ${program} in ${path}`, async () => {
      return (await Deno.stat(`/proc/${child.pid}/ns/net`)).ino === ino || undefined;
    });
  } catch (error) {
    await end();
    throw error;
  }
  return { pid: child.pid, [Symbol.asyncDispose]: end };
}

async function remove(name: string): Promise<void> {
  if (await exists(`${NAMESPACES}/${name}`)) await run("ip", "netns", "del", name);
}

/** Removes what test runs left that were killed: their process is gone, so is their use. */
async function removeAbandoned(): Promise<void> {
  abandoned ??= (async () => {
    for (const line of (await run("ip", "netns", "list")).split("\n")) {
      const [name, pid] = new RegExp(`^${PREFIX}-(\\d+)-\\w+`).exec(line) ?? [];
      // Another run may be doing the same at this moment.
      if (name && !await exists(`/proc/${pid}`)) await remove(name).catch(() => undefined);
    }
  })();
  await abandoned;
}
let abandoned: Promise<void> | undefined;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
