import { assertEquals, assertRejects } from "@std/assert";
import { endProcesses } from "./end_processes.ts";

const soon = () => AbortSignal.timeout(30_000);

/** A shell with a child, both with these variables, and what tells that both have ended. */
function startPair(env: Readonly<Record<string, string>>): { readonly ended: Promise<void> } & Disposable {
  const child = new Deno.Command("sh", {
    // The child is no child of the shell when that is killed; the pipe ends with the last of them.
    args: ["-c", "setsid sleep 60 & sleep 60"],
    clearEnv: true,
    env: { ...env, PATH: "/usr/bin:/bin" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const ended = Promise.all([child.status, child.stdout.pipeTo(new WritableStream())]).then(() => {});
  return {
    ended,
    [Symbol.dispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended, as it should
      }
    },
  };
}

Deno.test("endProcesses() ends a whole tree, and nobody who differs in one variable", async () => {
  const id = crypto.randomUUID();
  using meant = startPair({ A: id, B: "1", C: "x y" });
  using others = startPair({ A: id, B: "1", C: "x yz" });
  let othersEnded = false;
  void others.ended.then(() => othersEnded = true);
  await endProcesses([`A=${id}`, "B=1", "C=x y"], soon());
  await meant.ended;
  assertEquals(othersEnded, false);
  await endProcesses([`A=${id}`, "B=1", "C=x yz"], soon());
  await others.ended;
});

Deno.test("endProcesses() is done at once when there is nobody", async () => {
  await endProcesses([`A=${crypto.randomUUID()}`, "B=1", "C=1"], soon());
});

Deno.test("endProcesses() gives up when it is told to", async () => {
  const reason = new Error("enough");
  await assertRejects(() => endProcesses(["A=1", "B=1", "C=1"], AbortSignal.abort(reason)), Error, "enough");
});
