import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path/posix";
import { OutputTooLongError } from "./collect_output.ts";
import { type ProcessCommand, runProcess } from "./run_process.ts";
import { ProgramMissingError } from "./find_program.ts";
import { inDirectory } from "../../tests/in_directory.ts";
import { processes } from "./testdata/processes.ts";

const NEVER = new AbortController().signal;

function shell(script: string, more: Partial<ProcessCommand> = {}, signal = NEVER) {
  return runProcess({ program: "/bin/sh", args: ["-c", script], ...more }, signal);
}

const livingOf = (group: number) => processes().filter((p) => p.group === group && p.state !== "Z");
const zombies = () => processes().filter((p) => p.parent === Deno.pid && p.state === "Z");

/** Looks until `look` finds something. */
async function eventually<Found>(look: () => Found | undefined): Promise<Found> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`Cannot wait any longer: ${look} found nothing in 10 s`);
}

/** The process ID that a script writes to `path`. */
function writtenPid(path: string): Promise<number> {
  return eventually(() => {
    try {
      return Number(/^(\d+)\n$/.exec(Deno.readTextFileSync(path))?.[1]) || undefined;
    } catch {
      return undefined; // not there yet
    }
  });
}

Deno.test("runProcess() hands over input, arguments and directory, and returns outputs and exit code", async () => {
  await inDirectory(async (cwd) => {
    const result = await runProcess({
      program: "/bin/sh",
      args: ["-c", 'cat; pwd; echo "$1" >&2; exit 3', "sh", "an argument; $HOME"],
      stdin: "äöü",
      cwd,
    }, NEVER);
    assertEquals(result, { code: 3, stdout: `äöü${cwd}\n`, stderr: "an argument; $HOME\n" });
  });
});

Deno.test("runProcess() gives a program the environment it is told, and nothing else", async () => {
  const env = { CNI_COMMAND: "ADD", PATH: "/nowhere" };
  const { stdout } = await runProcess({ program: "/usr/bin/env", args: [], env }, NEVER);
  assertEquals(stdout.trim().split("\n").sort(), ["CNI_COMMAND=ADD", "PATH=/nowhere"]);
});

Deno.test("runProcess() finds a program by name", async () => {
  assertEquals((await runProcess({ program: "echo", args: ["found"] }, NEVER)).stdout, "found\n");
});

Deno.test("runProcess() names the signal that ended the program", async () => {
  assertEquals(await shell("kill -SEGV $$"), { code: 139, signal: "SIGSEGV", stdout: "", stderr: "" });
});

Deno.test("runProcess() says that a program is missing, and why", async (t) => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(join(directory, "script"), "#!/no/such/interpreter\n", { mode: 0o755 });
    const cases: [string, string][] = [
      ["no-such-program", "Cannot run no-such-program: it is in none of /usr/sbin, /usr/bin"],
      ["/no/such/program", "Cannot run /no/such/program: it is no executable file"],
      ["/etc/passwd", "Cannot run /etc/passwd: it is no executable file"],
      ["/etc", "Cannot run /etc: it is no executable file"],
      [join(directory, "script"), "No such file or directory"],
    ];
    for (const [program, message] of cases) {
      await t.step(program.replace(directory, ""), async () => {
        await assertRejects(() => runProcess({ program, args: [] }, NEVER), ProgramMissingError, message);
      });
    }
  });
});

Deno.test("runProcess() does not mind a program that leaves its input unread", async () => {
  const stdin = "x".repeat(1_000_000);
  assertEquals((await shell("exit 4", { stdin })).code, 4);
  assertEquals((await shell("exec <&-; echo closed", { stdin })).stdout, "closed\n");
});

Deno.test("runProcess() returns long outputs whole, whatever the order they are written in", async () => {
  const script = "head -c 3000000 /dev/zero | tr '\\0' e >&2; cat; head -c 3000000 /dev/zero | tr '\\0' o";
  const stdin = "ü€😀".repeat(50_000);
  const { stdout, stderr } = await shell(script, { stdin });
  assert(stdout === stdin + "o".repeat(3_000_000), `stdout has ${stdout.length} characters`);
  assert(stderr === "e".repeat(3_000_000), `stderr has ${stderr.length} characters`);
});

Deno.test("runProcess() kills a program that writes without end", async () => {
  await inDirectory(async (directory) => {
    const pid = join(directory, "pid");
    await assertRejects(() => shell(`echo $$ > ${pid}; yes`), OutputTooLongError, "longer than 4194304 bytes");
    assertEquals(livingOf(await writtenPid(pid)), []);
  });
});

Deno.test("runProcess() kills everything it started, and reaps the program, before it rejects", async () => {
  await inDirectory(async (directory) => {
    const pid = join(directory, "pid");
    const stop = new AbortController();
    const reason = new Error("the deadline passed");
    const script =
      `trap '' TERM INT HUP; sleep 60 & (sleep 61; echo) & sh -c 'sleep 62 & wait' & echo $$ > ${pid}; wait`;
    const run = shell(script, {}, stop.signal);
    const group = await writtenPid(pid);
    await eventually(() => livingOf(group).length === 6 || undefined);
    stop.abort(reason);
    assertEquals(await assertRejects(() => run), reason);
    assertEquals(livingOf(group), []);
    assertEquals(zombies(), []);
  });
});

Deno.test("runProcess() starts nothing once the signal has aborted", async () => {
  await inDirectory(async (directory) => {
    const file = join(directory, "started");
    await assertRejects(() => shell(`touch ${file}`, {}, AbortSignal.abort(new Error("too late"))), Error, "too late");
    await assertRejects(() => Deno.stat(file), Deno.errors.NotFound);
  });
});

Deno.test("runProcess() does not wait for a daemon that holds the program's input and output open", async () => {
  await inDirectory(async (directory) => {
    const pid = join(directory, "pid");
    const script = `setsid sleep 60 <&0 & echo $! > ${pid}; echo done`;
    const { code, stdout } = await shell(script, { stdin: "x".repeat(1_000_000) });
    const daemon = await writtenPid(pid);
    try {
      assertEquals([code, stdout], [0, "done\n"]);
      assertEquals(livingOf(daemon).length, 1);
    } finally {
      Deno.kill(daemon, "SIGKILL");
    }
  });
});

Deno.test("runProcess() rejects in time though a daemon holds the program's output open", async () => {
  await inDirectory(async (directory) => {
    const pid = join(directory, "pid");
    const stop = new AbortController();
    const run = shell(`setsid sleep 60 & echo $! > ${pid}; sleep 61`, {}, stop.signal);
    const daemon = await writtenPid(pid);
    stop.abort(new Error("the deadline passed"));
    try {
      await assertRejects(() => run, Error, "the deadline passed");
    } finally {
      Deno.kill(daemon, "SIGKILL");
    }
  });
});

Deno.test("runProcess() runs many programs at once and leaves no zombie, aborted or not", async () => {
  const runs = Array.from({ length: 60 }, async (_, index) => {
    const aborted = index % 3 === 0;
    const signal = aborted ? AbortSignal.timeout(20 + index) : NEVER;
    const run = shell(aborted ? "sleep 60" : "cat", { stdin: `input ${index}` }, signal);
    if (aborted) await assertRejects(() => run, DOMException);
    else assertEquals((await run).stdout, `input ${index}`);
  });
  await Promise.all(runs);
  assertEquals(zombies(), []);
});

Deno.test("runProcess() kills everything it started where Deno may run but setsid(1)", async () => {
  await inDirectory(async (directory) => {
    const [script, pid] = [join(directory, "script.ts"), join(directory, "pid")];
    // The deadline passes when all have started, and whatever is asked for alone is not.
    await Deno.writeTextFile(
      script,
      `import { runProcess } from ${JSON.stringify(import.meta.resolve("./run_process.ts"))};
       const stop = new AbortController();
       const args = ["-c", "trap '' TERM; sleep 60 & (sleep 61; echo) & echo $$ > ${pid}; echo; wait"];
       const run = runProcess({ program: "sh", args, isAlone: true }, stop.signal);
       while (!await Deno.readTextFile("${pid}").catch(() => "")) await new Promise((done) => setTimeout(done, 5));
       stop.abort(new DOMException("too late", "TimeoutError"));
       await run.catch((error) => console.log(error.name));`,
    );
    const config = fromFileUrl(import.meta.resolve("../../deno.json"));
    const may = ["--allow-read", "--allow-run=/usr/bin/setsid"];
    const args = ["run", "--no-prompt", "--no-check", "--config", config, ...may, script];
    const { stdout, stderr } = await runProcess({ program: Deno.execPath(), args }, AbortSignal.timeout(30_000));
    assertEquals({ stdout, stderr }, { stdout: "TimeoutError\n", stderr: "" });
    assertEquals(livingOf(await writtenPid(pid)), []);
  });
});

Deno.test("runProcess() kills a program that starts no other, and reaps it, before it rejects", async () => {
  const stop = new AbortController();
  const run = runProcess({ program: "sleep", args: ["60.125"], isAlone: true }, stop.signal);
  const isMeant = ({ command }: { command: string }) => command.endsWith("sleep\x0060.125\0");
  assertEquals((await eventually(() => processes().find(isMeant))).parent, Deno.pid);
  stop.abort(new Error("the deadline passed"));
  await assertRejects(() => run, Error, "the deadline passed");
  assertEquals(processes().filter(isMeant), []);
  assertEquals(zombies(), []);
});

Deno.test("runProcess() gives a program variables beside its own", async () => {
  const { stdout } = await runProcess({ program: "env", args: [], variables: { DANM_CHILD: "1" } }, NEVER);
  assertEquals(stdout.includes("\nDANM_CHILD=1\n") && /^PATH=/m.test(stdout), true);
});
