import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { allDone, allDoneOrStopped } from "./all_done.ts";

const never = new AbortController().signal;

Deno.test("allDone() rejects with all reasons in order, each once, when all have ended", async () => {
  const slow = Promise.withResolvers<string>();
  let ended = false;
  const second = () => Promise.reject(new Error("second"));
  const all = allDone([slow.promise, second(), second()]).finally(() => ended = true);
  all.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(ended, false);
  slow.reject(new Error("first"));
  assertEquals((await assertRejects(() => all, AggregateError)).message, "first\nsecond");
  const reason = new Error("only");
  assertStrictEquals(await assertRejects(() => allDone([Promise.reject(reason), Promise.resolve(1)])), reason);
});

Deno.test("allDoneOrStopped() gives all values in order", async () => {
  assertEquals(await allDoneOrStopped([() => Promise.resolve("a"), () => Promise.resolve(1)], never), ["a", 1]);
});

Deno.test("allDoneOrStopped() stops the others when one fails, waits for them, and tells what failed first", async () => {
  const stopped = Promise.withResolvers<unknown>();
  let ended = false;
  const waits = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        stopped.resolve(signal.reason);
        setTimeout(() => {
          ended = true;
          reject(new Error("stopped"));
        });
      })
    );
  const reason = new Error("broken");
  const works = [waits, () => Promise.reject(reason)] as const;
  await assertRejects(() => allDoneOrStopped(works, never), Error, "broken");
  assertEquals(ended, true);
  assertStrictEquals(await stopped.promise, reason);
});

Deno.test("allDoneOrStopped() passes the caller's own signal on", async () => {
  const controller = new AbortController();
  const waits = (signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const all = allDoneOrStopped([waits], controller.signal);
  controller.abort(new Error("cancelled"));
  await assertRejects(() => all, Error, "cancelled");
});
