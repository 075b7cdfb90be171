import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { noteMissing, overdue } from "./missing_since.ts";

Deno.test("overdue() waits for the whole grace period, and says how long", () => {
  const since = noteMissing(noteMissing(new Map(), ["a"], 1000), ["a", "b"], 4000);
  assertEquals(overdue(since, 5999, 5000), { uids: new Set(), nextInMs: 1 });
  assertEquals(overdue(since, 6000, 5000), { uids: new Set(["a"]), nextInMs: 3000 });
  assertEquals(overdue(since, 9000, 5000), { uids: new Set(["a", "b"]), nextInMs: undefined });
});

Deno.test("overdue() waits longer for whom more patience is due", () => {
  const since = noteMissing(new Map(), ["a", "b"], 1000);
  const patience = (uid: string) => uid === "b" ? 5 : 1;
  assertEquals(overdue(since, 3000, 2000, patience), { uids: new Set(["a"]), nextInMs: 8000 });
  assertEquals(overdue(since, 11_000, 2000, patience), { uids: new Set(["a", "b"]), nextInMs: undefined });
});

Deno.test("noteMissing() begins anew with what was seen in between", () => {
  const missing = noteMissing(new Map(), ["a", "b"], 0);
  const seen = noteMissing(missing, ["b"], 1000);
  const again = noteMissing(seen, ["a", "b"], 2000);
  assertEquals([...again], [["a", 2000], ["b", 0]]);
});

Deno.test("overdue() names only what was missing at every look of the grace period", () => {
  const looks = fc.array(fc.record({ after: fc.nat(50), missing: fc.subarray(["a", "b", "c"]) }), { minLength: 1 });
  fc.assert(fc.property(looks, fc.nat(100), (looks, graceMs) => {
    let now = 0;
    let since: ReadonlyMap<string, number> = new Map();
    const history: { at: number; missing: readonly string[] }[] = [];
    for (const { after, missing } of looks) {
      now += after;
      since = noteMissing(since, missing, now);
      history.push({ at: now, missing });
    }
    for (const uid of ["a", "b", "c"]) {
      const lastSeen = history.findLastIndex(({ missing }) => !missing.includes(uid));
      const missingFrom = history[lastSeen + 1]?.at;
      const isDue = missingFrom !== undefined && now - missingFrom >= graceMs;
      assertEquals(overdue(since, now, graceMs).uids.has(uid), isDue);
    }
  }));
});
