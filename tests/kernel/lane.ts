/**
 * `deno test` for what needs a real Debian kernel: runs all `*_kernel_test.ts` under lib/ and tests/, or the files
 * given, in one virtual machine: `deno run -A tests/kernel/lane.ts [--junit-path=FILE] [--filter=NAME] [FILE...]`.
 * Prints what `deno test` prints, and ends with its exit code.
 *
 * Tests find by `sharedCluster()` the cluster that `with_cluster.ts` started on the host, or one made for this run.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeAll } from "../../lib/host/files/write_all.ts";
import { CLUSTER_FOLDER, sharedCluster } from "../cluster/shared_cluster.ts";
import { MachineError } from "./machine_process.ts";
import { startVirtualMachine } from "./virtual_machine.ts";

const PROJECT = resolve(import.meta.dirname!, "../..");
/** In the machine. */
const JUNIT = "/run/junit.xml";

interface Options {
  readonly "junit-path"?: string;
  readonly filter?: string;
}

async function lane(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { "junit-path": { type: "string" }, filter: { type: "string" } },
    allowPositionals: true,
  });
  const files = positionals.length > 0 ? positionals.map((file) => resolve(file)) : await kernelTests();
  if (files.length === 0) {
    console.error("error: No test modules found");
    return 1;
  }
  // Checked here, where that is fast. It also fetches what the tests import: the machine has no network.
  const check = new Deno.Command(Deno.execPath(), { args: ["check", "--quiet", ...files], cwd: PROJECT });
  const { code } = await check.spawn().status;
  return code === 0 ? await test(files, values) : code;
}

async function test(files: readonly string[], { filter, "junit-path": report }: Options): Promise<number> {
  await using cluster = await sharedCluster();
  const port = Number(new URL(cluster.url).port);
  await using machine = await startVirtualMachine({
    cpus: 1, // of two emulated ones each would wait for the other: that costs a sixth more
    env: { [CLUSTER_FOLDER]: cluster.folder },
    forward: [{ guestPort: port, hostPort: port }],
  });
  const options = ["--allow-all", "--no-prompt", "--no-check", "--cached-only", `--junit-path=${JUNIT}`];
  if (filter !== undefined) options.push(`--filter=${filter}`);
  const { code } = await machine.exec([Deno.execPath(), "test", ...options, ...files], {
    cwd: PROJECT,
    onStdout: (chunk) => writeAll(Deno.stdout, chunk),
    onStderr: (chunk) => writeAll(Deno.stderr, chunk),
  });
  if (report !== undefined) await Deno.writeTextFile(report, (await machine.exec(["cat", JUNIT])).stdout);
  return code;
}

async function kernelTests(): Promise<string[]> {
  const found = await Promise.all(["lib", "tests"].map((folder) => kernelTestsIn(`${PROJECT}/${folder}`)));
  return found.flat().sort();
}

async function kernelTestsIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const found = await Promise.all(entries.map(({ name, isDirectory }) => {
    if (isDirectory) return kernelTestsIn(`${folder}/${name}`);
    return name.endsWith("_kernel_test.ts") ? [`${folder}/${name}`] : [];
  }));
  return found.flat();
}

/** A machine that is lost is no fault of this program: its trace would only hide what the console showed. */
async function main(): Promise<number> {
  try {
    return await lane(Deno.args);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    console.error(`error: ${error.message}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main());
