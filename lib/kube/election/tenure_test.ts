import { assertEquals, assertThrows } from "@std/assert";
import { now, startTenure } from "./tenure.ts";

const MINUTE_MS = 60_000;

Deno.test("startTenure() is over when either clock says so, before any timer has run", () => {
  const { monotonicMs, wallMs } = now();
  for (const since of [{ monotonicMs: monotonicMs - MINUTE_MS, wallMs }, { monotonicMs, wallMs: wallMs - MINUTE_MS }]) {
    using tenure = startTenure(since, MINUTE_MS);
    assertEquals(tenure.signal.aborted, false);
    assertThrows(() => tenure.check(), Error, "the lease could not be renewed for 60000 ms");
    assertEquals(tenure.signal.aborted, true);
  }
});

Deno.test("startTenure() lasts as long as it is extended, and does not come back", () => {
  const start = now();
  using tenure = startTenure({ ...start, wallMs: start.wallMs - MINUTE_MS + 1000 }, MINUTE_MS);
  tenure.extend(start);
  tenure.check();
  tenure.extend({ ...start, wallMs: start.wallMs - MINUTE_MS });
  assertThrows(() => tenure.check());
  tenure.extend(now());
  assertThrows(() => tenure.check());
});

Deno.test("startTenure() lets work that was told to stop write its last words", () => {
  using tenure = startTenure(now(), MINUTE_MS);
  tenure.stop(new Error("SIGTERM"));
  assertEquals(tenure.signal.aborted, true);
  tenure.check();
});
