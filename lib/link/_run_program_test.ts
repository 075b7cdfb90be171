import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { processes } from "../process/testdata/processes.ts";
import { ProgramKilledError, runProgram } from "./_run_program.ts";

Deno.test("runProgram() gives input, and takes output of any size", async () => {
  const input = "line\n".repeat(100_000);
  const { success, stdout } = await runProgram(["cat"], input);
  assertEquals([success, stdout.length], [true, input.length]);
});

Deno.test("runProgram() tells of a failure by the status, also when the input was not read", async () => {
  const input = "x".repeat(1_000_000);
  const outcome = await runProgram(["sh", "-c", "echo no >&2; exit 3"], input);
  assertEquals(outcome, { success: false, stdout: "", stderr: "no\n" });
});

Deno.test("runProgram() asks for untranslated messages", async () => {
  assertEquals((await runProgram(["sh", "-c", "echo $LC_ALL"])).stdout, "C\n");
});

Deno.test("runProgram() says what to install when the program is not there", async () => {
  await assertRejects(() => runProgram(["no-such-program"]), Error, "Cannot run no-such-program: it is in none of");
});

Deno.test("runProgram() takes nothing from a program that somebody ended", async () => {
  const run = () => runProgram(["sh", "-c", "echo half; kill -KILL $$"]);
  await assertRejects(run, ProgramKilledError, "it was ended by SIGKILL");
});

for (const [what, script] of [["program", "exec sleep infinity"], ["shell and its child", "sleep infinity & wait"]]) {
  Deno.test(`runProgram() has ended the ${what} when it rejects with the reason of a signal`, async () => {
    const controller = new AbortController();
    const reason = new Error("too late");
    const folder = await Deno.makeTempDir();
    try {
      const words = ["sh", "-c", `trap "" TERM; echo $$ >"$0/pid"; ${script}`, folder];
      const ended = assertRejects(() => runProgram(words, "", controller.signal));
      const pid = Number(await eventually("start", () => Deno.readTextFile(`${folder}/pid`).catch(() => undefined)));
      const living = () => processes().filter(({ group, state }) => group === pid && state !== "Z");
      await eventually("start the child", () => living().some(({ command }) => command.includes("sleep")) || undefined);
      controller.abort(reason);
      assertEquals(await ended, reason);
      assertEquals(living(), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
