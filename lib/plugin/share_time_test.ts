import { assertEquals } from "@std/assert";
import { shareTime } from "./share_time.ts";

const NEVER = new AbortController().signal;
const untilStopped = (signal: AbortSignal) =>
  new Promise<string>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
const kinds = (outcomes: readonly PromiseSettledResult<unknown>[]) => outcomes.map(({ status }) => status);

Deno.test("shareTime() does what comes after works that never end, and tells which those were", async () => {
  const done = () => Promise.resolve("done");
  const outcomes = await shareTime(
    [untilStopped, untilStopped, done, untilStopped, done],
    { width: 2, seconds: 3 },
    NEVER,
  );
  assertEquals(kinds(outcomes), ["rejected", "rejected", "fulfilled", "rejected", "fulfilled"]);
  assertEquals((outcomes[0] as PromiseRejectedResult).reason.name, "TimeoutError");
});

Deno.test("shareTime() has no more going on at once than it may", async () => {
  let running = 0, most = 0;
  const work = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 0));
    running--;
  };
  const outcomes = await shareTime(Array.from({ length: 20 }, () => work), { width: 3, seconds: 60 }, NEVER);
  assertEquals([most, kinds(outcomes).every((kind) => kind === "fulfilled")], [3, true]);
});

Deno.test("shareTime() stops all of them with its signal", async () => {
  const controller = new AbortController();
  const sharing = shareTime([untilStopped, untilStopped], { width: 1, seconds: 60 }, controller.signal);
  controller.abort(new Error("enough"));
  const outcomes = await sharing;
  assertEquals(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason.message), ["enough", "enough"]);
});
