import { assertEquals, assertRejects } from "@std/assert";
import { runTogether, type Task } from "./run_together.ts";

const never = new AbortController().signal;

/** Runs until it is told to stop, and says so. */
function idle(said: string[], name: string): Task {
  return async (signal) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    said.push(name);
  };
}

Deno.test("runTogether() stops all when it is told to, and waits for them", async () => {
  const stop = new AbortController();
  const said: string[] = [];
  const running = runTogether([idle(said, "a"), idle(said, "b")], stop.signal);
  stop.abort(new Error("SIGTERM"));
  await running;
  assertEquals(said, ["a", "b"]);
});

Deno.test("runTogether() stops the others when one fails, and tells why", async () => {
  const said: string[] = [];
  const broken = () => Promise.reject(new Error("broken"));
  await assertRejects(() => runTogether([idle(said, "a"), broken, idle(said, "b")], never), Error, "broken");
  assertEquals(said, ["a", "b"]);
});

Deno.test("runTogether() stops the others when one ends, and does not blame those", async () => {
  const said: string[] = [];
  const complaining: Task = async (signal) => {
    await idle(said, "a")(signal);
    throw new Error("told to stop");
  };
  await runTogether([complaining, () => Promise.resolve()], never);
  assertEquals(said, ["a"]);
});

Deno.test("runTogether() does not wait for ever when it is told to stop before it starts", async () => {
  const prompt: Task = (signal) => signal.aborted ? Promise.resolve() : new Promise(() => {});
  await runTogether([prompt], AbortSignal.abort());
});
