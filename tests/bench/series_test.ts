import { assertEquals } from "@std/assert";
import { describe, inParallel, quantile } from "./series.ts";

Deno.test("quantile() gives the smallest value that a share of all does not exceed", () => {
  const durations = [5, 1, 4, 2, 3];
  assertEquals([0, 0.2, 0.5, 0.8, 1].map((q) => quantile(durations, q)), [1, 1, 3, 4, 5]);
  assertEquals(describe([10.4]), "p50 10 p90 10 max 10");
});

Deno.test("inParallel() works on every item once, and on no more than `width` at a time", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    seen.push(item);
    running--;
  });
  assertEquals([seen.toSorted(), most], [[1, 2, 3, 4, 5, 6, 7], 3]);
});
