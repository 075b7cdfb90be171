import { assertEquals } from "@std/assert";
import { createTaskSwitch } from "./task_switch.ts";

Deno.test("createTaskSwitch() runs a task while it is wanted, another one each time", async () => {
  const told: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const begins = [0, 1].map(() => Promise.withResolvers<void>());
  const { set, run } = createTaskSwitch(() => {
    const number = ends.length;
    ends.push(Promise.withResolvers<void>());
    return (signal) => {
      told.push(`begin ${number}`);
      begins[number]!.resolve();
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          told.push(`end ${number}`);
          ends[number]!.resolve();
          resolve();
        })
      );
    };
  });
  const stop = new AbortController();
  const running = run(stop.signal);
  set(false); // it is not on
  set(true);
  set(true); // it is already
  await begins[0]!.promise;
  set(false);
  await ends[0]!.promise;
  set(true);
  await begins[1]!.promise;
  stop.abort();
  await running;
  assertEquals(told, ["begin 0", "end 0", "begin 1", "end 1"]);
});
