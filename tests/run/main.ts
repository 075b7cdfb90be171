/**
 * Runs the lanes of the test suite and ends with the line `N passed, N failed, N skipped`; exit code 0 only if none
 * failed. A lane that breaks off, hangs, cannot run here or finds no test counts as one failure.
 *
 * Usage: deno run -A tests/run/main.ts [LANE...]
 */

import { fromFileUrl, join } from "@std/path/posix";
import { type Lane, laneOf, LANES } from "./lanes.ts";
import { add, closingLine, NONE, type Tally, tallyReport } from "./tally.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const TREES = ["cmd", "crds", "lib", "tests"];

async function runLanes(names: readonly string[]): Promise<Tally> {
  const unknown = names.find((name) => !LANES.some((lane) => lane.name === name));
  if (unknown !== undefined) {
    throw new Error(`Cannot run lane ${unknown}: must be one of ${LANES.map(({ name }) => name).join(", ")}`);
  }
  const files = (await Promise.all(TREES.map(testFiles))).flat().sort();
  let total = NONE;
  const summary: string[] = [];
  for (const lane of LANES.filter(({ name }) => names.length === 0 || names.includes(name))) {
    console.log(`\n== ${lane.name} (needs ${lane.needs})`);
    const start = performance.now();
    const tally = await runLane(lane, files.filter((file) => laneOf(file) === lane.name));
    const seconds = Math.round((performance.now() - start) / 1000);
    summary.push(`${lane.name.padEnd(8)} ${closingLine(tally)} in ${seconds} s`);
    total = add(total, tally);
  }
  console.log(`\n${summary.join("\n")}`);
  return total;
}

async function runLane(lane: Lane, files: readonly string[]): Promise<Tally> {
  const broken = (tally: Tally, reason: string): Tally => {
    console.log(`lane ${lane.name} failed: ${reason}`);
    return add(tally, { ...NONE, failed: 1 });
  };
  if (files.length === 0) return broken(NONE, "it has no test file");
  if (lane.root && Deno.uid() !== 0) return broken(NONE, "it must run as root");
  const report = await Deno.makeTempFile({ prefix: "danm-tests-", suffix: ".xml" });
  try {
    const code = await runCommand(lane, command(lane, files, report));
    const tally = tallyReport(await Deno.readTextFile(report));
    if (code === TIMED_OUT) return broken(tally, `it did not end within ${lane.minutes} minutes`);
    if (code !== 0 && tally.failed === 0) return broken(tally, `it ended with exit code ${code}`);
    if (tally.passed + tally.failed === 0) return broken(tally, "it ran no test");
    return tally;
  } finally {
    await Deno.remove(report);
  }
}

function command(lane: Lane, files: readonly string[], report: string): string[] {
  const test = [Deno.execPath(), "test", "--no-prompt", `--junit-path=${report}`];
  if (lane.name === "pure") return test;
  const start = lane.name === "cluster" ? [Deno.execPath(), "run", "-A", "tests/cluster/with_cluster.ts"] : [];
  return [...start, ...test, "-A", ...files];
}

/** What timeout(1) ends with when it had to end the command. */
const TIMED_OUT = 124;

/** Runs a command in a process group of its own, which ends as a whole: at the deadline, or when this program is told to. */
async function runCommand(lane: Lane, words: readonly string[]): Promise<number> {
  const child = new Deno.Command("timeout", {
    args: ["--kill-after=30s", `${lane.minutes}m`, ...words],
    cwd: root,
    stdin: "null",
  }).spawn();
  const stops = (["SIGINT", "SIGTERM"] as const).map((signal) => {
    const stop = () => {
      child.kill(signal);
      stopped = true;
    };
    Deno.addSignalListener(signal, stop);
    return () => Deno.removeSignalListener(signal, stop);
  });
  const { code } = await child.status;
  for (const remove of stops) remove();
  if (stopped) Deno.exit(code);
  return code;
}
let stopped = false;

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await testFiles(path));
    else if (name.endsWith("_test.ts")) found.push(path);
  }
  return found;
}

const total = await runLanes(Deno.args);
console.log(closingLine(total));
Deno.exit(total.failed === 0 ? 0 : 1);
