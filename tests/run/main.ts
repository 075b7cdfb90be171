/**
 * Runs the lanes of the test suite and ends with the line `N passed, N failed, N skipped`; exit code 0 only if none
 * failed. A lane that breaks off, hangs, cannot run here, or a file of which no test ran, counts as a failure.
 *
 * Usage: deno run -A tests/run/main.ts [LANE...]
 */

import { fromFileUrl, join } from "@std/path/posix";
import { readLines } from "../runtime/read_lines.ts";
import { type Lane, laneOf, LANES } from "./lanes.ts";
import { add, closingLine, failuresOf, NONE, notStarted, type Tally, tallyReport } from "./tally.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));
const TREES = ["cmd", "crds", "lib", "tests"];

/** What timeout(1) ends with when it had to end its command. */
const TIMED_OUT = 124;

/** How long what a lane started may outlive it. */
const LINGER_MS = 10_000;

/** Runs that go on side by side: each of them waits, for servers and machines, as long as it works. */
const AT_ONCE = 4;

/** Test files that one command runs. */
interface Run {
  readonly lane: Lane;
  readonly title: string;
  readonly files: readonly string[];
}

async function runLanes(names: readonly string[], signal: AbortSignal): Promise<Tally> {
  const unknown = names.find((name) => !LANES.some((lane) => lane.name === name));
  if (unknown !== undefined) {
    throw new Error(`Cannot run lane ${unknown}: must be one of ${LANES.map(({ name }) => name).join(", ")}`);
  }
  const files = (await Promise.all(TREES.map(testFiles))).flat().sort();
  const lanes = LANES.filter(({ name, onRequest }) => names.length === 0 ? !onRequest : names.includes(name));
  let total = NONE;
  const summary = new Map<Run, string>();
  const failures: string[] = [];
  const runs = lanes.flatMap((lane) => runsOf(lane, files));
  const waiting = [...runs];
  const carryOutWaiting = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) {
      const start = performance.now();
      const tally = await carryOut(run, failures, signal);
      const seconds = Math.round((performance.now() - start) / 1000);
      summary.set(run, `${run.title.padEnd(10)} ${closingLine(tally)} in ${seconds} s`);
      total = add(total, tally);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, carryOutWaiting));
  for (const failure of failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${runs.map((run) => summary.get(run)).join("\n")}`);
  return total;
}

function runsOf(lane: Lane, allFiles: readonly string[]): Run[] {
  const { name, parts = 1 } = lane;
  const files = lane.again ?? allFiles.filter((file) => laneOf(file) === name);
  return Array.from({ length: parts }, (_, part) => ({
    lane,
    title: parts === 1 ? name : `${name} ${part + 1}`,
    files: files.filter((_, index) => index % parts === part),
  }));
}

/** @param failures takes what failed, and why */
async function carryOut({ lane, title, files }: Run, failures: string[], signal: AbortSignal): Promise<Tally> {
  const say = (line: string) => console.log(`${title.padEnd(9)} | ${line}`);
  const broken = (tally: Tally, reason: string): Tally => {
    failures.push(`${title}: ${reason}`);
    return add(tally, { ...NONE, failed: 1 });
  };
  if (signal.aborted) return broken(NONE, "it was interrupted");
  if (files.length === 0) return broken(NONE, "it has no test file");
  if (lane.root && Deno.uid() !== 0) return broken(NONE, "it must run as root");
  say(`${files.length} files; needs ${lane.needs}`);
  const path = await Deno.makeTempFile({ prefix: "danm-tests-", suffix: ".xml" });
  try {
    const { code, output, leftNothing } = await runDeno(lane, denoArguments(lane, files, path), say, signal);
    const report = await Deno.readTextFile(path);
    const tally = tallyReport(report);
    failures.push(...failuresOf(report).map((failure) => `${title}: ${failure}`));
    if (code === TIMED_OUT) return broken(tally, `it did not end within ${lane.minutes} minutes`);
    const missing = notStarted(output, files);
    if (missing.length > 0) return broken(tally, `no test ran of ${missing.join(", ")} (exit code ${code})`);
    if (!leftNothing) return broken(tally, "it left a process behind that holds its output");
    if (code !== 0 && tally.failed === 0) return broken(tally, `it ended with exit code ${code}`);
    return tally;
  } finally {
    await Deno.remove(path);
  }
}

function denoArguments(lane: Lane, files: readonly string[], report: string): string[] {
  const test = ["test", "--no-prompt", "--no-check", `--junit-path=${report}`];
  const withCluster = ["run", "-A", "tests/cluster/with_cluster.ts", Deno.execPath()];
  switch (lane.name) {
    case "pure":
      return test;
    case "host":
    case "node":
    case "e2e":
      return [...test, "-A", ...files];
    case "cluster":
    case "launchers":
    case "agent":
      return [...withCluster, ...test, "-A", ...files];
    case "kernel":
      return [...withCluster, "run", "-A", "tests/kernel/lane.ts", `--junit-path=${report}`, ...files];
  }
}

/** Runs Deno in a process group of its own, which the deadline or the signal ends as a whole; says what it prints. */
async function runDeno(lane: Lane, words: readonly string[], say: (line: string) => void, signal: AbortSignal) {
  const child = new Deno.Command("timeout", {
    args: ["--kill-after=30s", `${lane.minutes}m`, Deno.execPath(), ...words],
    cwd: root,
    env: { NO_COLOR: "1", ...lane.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const interrupt = () => child.kill("SIGINT");
  signal.addEventListener("abort", interrupt);
  let output = "";
  const hear = (line: string) => {
    output += `${line}\n`;
    say(line);
  };
  const reading = Promise.all([child.stdout, child.stderr].map((stream) => readLines(stream, hear)));
  const { code } = await child.status;
  signal.removeEventListener("abort", interrupt);
  const leftNothing = await Promise.race([reading.then(() => true), falseAfter(AbortSignal.timeout(LINGER_MS))]);
  return { code, output, leftNothing };
}

/** Resolves to false when the signal fires. */
function falseAfter(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false)));
}

async function testFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await testFiles(path));
    else if (name.endsWith("_test.ts")) found.push(path);
  }
  return found;
}

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => interruption.abort());
const total = await runLanes(Deno.args, interruption.signal);
console.log(closingLine(total));
Deno.exit(total.failed === 0 ? 0 : 1);
