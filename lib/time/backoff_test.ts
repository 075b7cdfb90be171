import { assertEquals } from "@std/assert";
import { backoffMs } from "./backoff.ts";

Deno.test("backoffMs() doubles up to its limit, half of it at random", () => {
  const limits = { firstMs: 100, maxMs: 500 };
  assertEquals([1, 2, 3, 4, 5000].map((failures) => backoffMs(failures, limits, 0)), [50, 100, 200, 250, 250]);
  assertEquals(backoffMs(1, limits, 0.5), 75);
});
