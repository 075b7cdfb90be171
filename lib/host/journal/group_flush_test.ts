import { assertEquals, assertRejects } from "@std/assert";
import { groupFlush } from "./group_flush.ts";

Deno.test("groupFlush() flushes once for all that wait, and again for those that come during a flush", async () => {
  let written = 0;
  const flushed: number[] = [];
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const flush = groupFlush(async () => {
    flushed.push(written); // what this flush is sure to cover
    started.resolve();
    await gate.promise;
  });
  const write = () => (written++, flush());
  const first = [write(), write(), write()];
  await started.promise;
  const during = [write(), write()];
  gate.resolve();
  await Promise.all([...first, ...during]);
  assertEquals(flushed, [3, 5]);
  await write();
  assertEquals(flushed, [3, 5, 6]);
});

Deno.test("groupFlush() never succeeds again after a flush that failed", async () => {
  let flushes = 0;
  const flush = groupFlush(() => flushes++ === 0 ? Promise.reject(new Error("I/O error")) : Promise.resolve());
  await assertRejects(() => Promise.all([flush(), flush()]), Error, "I/O error");
  await assertRejects(() => flush(), Error, "I/O error");
  assertEquals(flushes, 1);
});
