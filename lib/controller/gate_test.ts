import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { createGate } from "./gate.ts";

const { signal } = new AbortController();

Deno.test("createGate() lets so many through at a time, in order, and each one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.nat(20), fc.scheduler(), async (room, count, s) => {
      const gate = createGate(room);
      const begun: number[] = [];
      let [inside, most] = [0, 0];
      const all = Array.from({ length: count }, (_, index) =>
        gate.pass(async () => {
          begun.push(index);
          most = Math.max(most, ++inside);
          await s.schedule(Promise.resolve());
          inside--;
        }, signal));
      await s.waitFor(Promise.all(all));
      assertEquals(begun, Array.from({ length: count }, (_, index) => index));
      assertEquals(most, Math.min(room, count));
      assertEquals(gate.waiting, 0);
    }),
  );
});

Deno.test("createGate() lets go of who gives up while waiting, and goes on after a failure", async () => {
  const gate = createGate(1);
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  const first = gate.pass(() => held, signal);
  const stop = new AbortController();
  const second = gate.pass(() => Promise.resolve("second"), stop.signal);
  const third = gate.pass(() => Promise.reject(new Error("third failed")), signal);
  const fourth = gate.pass(() => Promise.resolve("fourth"), signal);
  stop.abort(new Error("gone"));
  await assertRejects(() => second, Error, "gone");
  assertEquals(gate.waiting, 2);
  release();
  await first;
  await assertRejects(() => third, Error, "third failed");
  assertEquals(await fourth, "fourth");
  await assertRejects(() => gate.pass(() => Promise.resolve(), stop.signal), Error, "gone");
});
