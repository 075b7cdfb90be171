import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { runProgram } from "./_run_program.ts";

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
  await assertRejects(() => runProgram(["no-such-program"]), Error, "Cannot run no-such-program: it is not in");
});

Deno.test("runProgram() ends the program when the signal fires, and rejects with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("too late");
  const folder = await Deno.makeTempDir();
  try {
    const run = runProgram(["sh", "-c", 'echo $$ >"$0/pid"; exec sleep infinity', folder], "", controller.signal);
    const ended = assertRejects(() => run);
    const pid = await eventually("start", async () => (await Deno.readTextFile(`${folder}/pid`)).trim() || undefined);
    controller.abort(reason);
    const isGone = () => Deno.stat(`/proc/${pid}`).then(() => undefined, () => true);
    await eventually("end the program", isGone)
      .finally(() => runProgram(["kill", "-KILL", pid]));
    assertEquals(await ended, reason);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
