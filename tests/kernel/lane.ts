/**
 * `deno test` for what needs a real Debian kernel: runs all `*_kernel_test.ts` under lib/ and tests/ in one virtual
 * machine: `deno run -A tests/kernel/lane.ts [--junit-path=FILE] [OPTION OF DENO TEST...] [FILE...]`.
 * Prints what `deno test` prints in the machine, and ends with its exit code.
 *
 * Tests find the cluster that `with_cluster.ts` started on the host, or one made for this run, by `sharedCluster()`.
 */
import { resolve } from "node:path";
import { writeAll } from "../../lib/host/write_all.ts";
import { CLUSTER_FOLDER, sharedCluster } from "../cluster/shared_cluster.ts";
import { startVirtualMachine } from "./virtual_machine.ts";

const PROJECT = resolve(import.meta.dirname!, "../..");

async function lane(args: readonly string[]): Promise<number> {
  const junit = args.find((arg) => arg.startsWith("--junit-path="))?.slice("--junit-path=".length);
  const options = args.filter((arg) => arg.startsWith("-") && !arg.startsWith("--junit-path="));
  const named = args.filter((arg) => !arg.startsWith("-")).map((file) => resolve(file));
  const files = named.length > 0 ? named : await kernelTests();
  if (files.length === 0) {
    console.error("error: No test modules found");
    return 1;
  }
  // Checked here, where that is fast; it also fetches what the tests import, for the machine has no network.
  const check = new Deno.Command(Deno.execPath(), { args: ["check", "--quiet", ...files], cwd: PROJECT }).spawn();
  const { code } = await check.status;
  return code === 0 ? await runInMachine(options, files, junit) : code;
}

async function runInMachine(options: readonly string[], files: readonly string[], junit?: string): Promise<number> {
  await using cleanUp = new AsyncDisposableStack();
  const cluster = cleanUp.use(await sharedCluster());
  const results = await Deno.makeTempDir();
  cleanUp.defer(() => Deno.remove(results, { recursive: true }));
  const port = Number(new URL(cluster.url).port);
  const machine = cleanUp.use(
    await startVirtualMachine({
      env: { [CLUSTER_FOLDER]: cluster.folder },
      forward: [{ guestPort: port, hostPort: port }],
      shares: [{ host: results }],
    }),
  );
  const report = junit === undefined ? [] : [`--junit-path=${results}/junit.xml`];
  const test = ["test", "--allow-all", "--no-prompt", "--no-check", "--cached-only", ...report, ...options, ...files];
  const { code } = await machine.exec([Deno.execPath(), ...test], {
    cwd: PROJECT,
    onStdout: (chunk) => writeAll(Deno.stdout, chunk),
    onStderr: (chunk) => writeAll(Deno.stderr, chunk),
  });
  if (junit !== undefined) await Deno.copyFile(`${results}/junit.xml`, junit);
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

if (import.meta.main) Deno.exit(await lane(Deno.args));
