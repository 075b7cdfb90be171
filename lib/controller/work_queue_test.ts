import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createFakeClock, type FakeClock } from "../../tests/fake_clock.ts";
import { createWorkQueue, type Outcome, type WorkQueue, type WorkQueueOptions } from "./work_queue.ts";

/** A queue whose reconciliations end when the test says so. */
interface Scene extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  /** Keys in the order in which their reconciliation started. */
  readonly started: string[];
  /** Ends the one of `key` that runs: well, with an outcome, or with an error. */
  end(key: string, result?: Outcome | Error): Promise<void>;
  /** Fires the signal of the current run, and waits until that is over. */
  stop(): Promise<void>;
  /** Runs the queue again. */
  restart(): Promise<void>;
}

async function openScene(options: Partial<WorkQueueOptions> = {}): Promise<Scene> {
  const clock = createFakeClock();
  const started: string[] = [];
  const running = new Map<string, PromiseWithResolvers<Outcome | void>>();
  const queue = createWorkQueue((key) => {
    started.push(key);
    const work = Promise.withResolvers<Outcome | void>();
    running.set(key, work);
    return work.promise;
  }, { workers: 2, clock, random: () => 0.999999, ...options });
  let stop = new AbortController();
  let run = queue.run(stop.signal);
  await clock.advance(0);
  return {
    clock,
    queue,
    started,
    async end(key, result) {
      const work = running.get(key);
      running.delete(key);
      if (result instanceof Error) work?.reject(result);
      else work?.resolve(result);
      await clock.advance(0);
    },
    async stop() {
      stop.abort();
      await run;
    },
    async restart() {
      stop = new AbortController();
      run = queue.run(stop.signal);
      await clock.advance(0);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const work of running.values()) work.resolve();
      await run;
    },
  };
}

const FAILURE = new Error("not now");
const SECOND_MS = 1000;

Deno.test("createWorkQueue() processes a key once however often it was added, in order of arrival", async () => {
  await using scene = await openScene({ workers: 1 });
  for (const key of ["a", "b", "b", "c", "b"]) scene.queue.add(key);
  for (const key of ["a", "b", "c"]) await scene.end(key);
  assertEquals(scene.started, ["a", "b", "c"]);
});

Deno.test("createWorkQueue() processes as many keys at a time as it has workers", async () => {
  await using scene = await openScene({ workers: 2 });
  for (const key of ["a", "b", "c", "d"]) scene.queue.add(key);
  assertEquals(scene.started, ["a", "b"]);
  await scene.end("b");
  assertEquals(scene.started, ["a", "b", "c"]);
});

Deno.test("createWorkQueue() processes a key that is added meanwhile once more, and not at the same time", async () => {
  await using scene = await openScene({ workers: 2 });
  scene.queue.add("a");
  scene.queue.add("a");
  scene.queue.add("a");
  assertEquals(scene.started, ["a"]);
  await scene.end("a");
  assertEquals(scene.started, ["a", "a"]);
  await scene.end("a");
  assertEquals(scene.started, ["a", "a"]);
});

Deno.test("createWorkQueue() waits twice as long after each failure of a key, and not long after a success", async () => {
  await using scene = await openScene({ backoff: { firstMs: 1000, maxMs: 3000 } });
  scene.queue.add("a");
  for (const [failures, waitMs] of [1000, 2000, 3000, 3000].entries()) {
    await scene.end("a", FAILURE);
    await scene.clock.advance(waitMs - 10);
    assertEquals(scene.started.length, failures + 1);
    await scene.clock.advance(10);
    assertEquals(scene.started.length, failures + 2);
  }
  await scene.end("a");
  scene.queue.add("a");
  await scene.end("a", FAILURE);
  await scene.clock.advance(1000);
  assertEquals(scene.started.length, 7);
});

Deno.test("createWorkQueue() does not let one key's failures hold up another", async () => {
  await using scene = await openScene({ workers: 1, backoff: { firstMs: 1000, maxMs: 1000 } });
  scene.queue.add("a");
  scene.queue.add("b");
  await scene.end("a", FAILURE);
  assertEquals(scene.started, ["a", "b"]);
});

Deno.test("createWorkQueue() looks again when the reconciler asked for it", async () => {
  await using scene = await openScene();
  scene.queue.add("a");
  await scene.end("a", { againAfterMs: SECOND_MS });
  await scene.clock.advance(SECOND_MS - 1);
  assertEquals(scene.started, ["a"]);
  await scene.clock.advance(1);
  assertEquals(scene.started, ["a", "a"]);
});

Deno.test("createWorkQueue().addAfter() keeps the earliest time", async () => {
  await using scene = await openScene();
  scene.queue.addAfter("a", 3 * SECOND_MS);
  scene.queue.addAfter("a", SECOND_MS);
  scene.queue.addAfter("a", 2 * SECOND_MS);
  await scene.clock.advance(SECOND_MS);
  assertEquals(scene.started, ["a"]);
  await scene.end("a");
  await scene.clock.advance(10 * SECOND_MS);
  assertEquals(scene.started, ["a"]);
});

Deno.test("createWorkQueue() looks at all keys when it starts and at every resync", async () => {
  const keys = ["a"];
  await using scene = await openScene({ resync: { everyMs: 100 * SECOND_MS, keys: () => keys } });
  await scene.end("a");
  keys.push("b");
  await scene.clock.advance(125 * SECOND_MS);
  assertEquals(scene.started, ["a", "a", "b"]);
});

Deno.test("createWorkQueue() ends when its work has, and keeps what is left for the next run", async () => {
  await using scene = await openScene({ workers: 1 });
  scene.queue.add("a");
  scene.queue.add("b");
  scene.queue.addAfter("c", 3600 * SECOND_MS);
  let stopped = false;
  const stopping = scene.stop().then(() => stopped = true);
  await scene.clock.advance(0);
  assertEquals(stopped, false);
  await scene.end("a", FAILURE); // as work does that is told to stop
  await stopping;
  assertEquals([scene.started, scene.clock.waiting], [["a"], 0]);
  await scene.restart();
  for (const key of ["b", "a", "c"]) await scene.end(key);
  assertEquals(scene.started, ["a", "b", "a", "c"]);
});

Deno.test("createWorkQueue() tells how long the queue is and how it went", async () => {
  const told: string[] = [];
  await using scene = await openScene({
    workers: 1,
    backoff: { firstMs: 1000, maxMs: 1000 },
    observer: {
      depth: (waiting) => told.push(`depth ${waiting}`),
      done: (key, ms) => told.push(`done ${key} in ${Math.round(ms)}`),
      failed: (key, ms, error, retryInMs) =>
        told.push(`failed ${key} in ${ms}: ${(error as Error).message}, again in ${Math.round(retryInMs)}`),
    },
  });
  scene.queue.add("a");
  await scene.clock.advance(5);
  await scene.end("a", FAILURE);
  await scene.clock.advance(1000);
  await scene.end("a");
  assertEquals(told, [
    "depth 1",
    "depth 0",
    "failed a in 5: not now, again in 1000",
    "depth 1",
    "depth 0",
    "done a in 0",
  ]);
});

Deno.test("createWorkQueue() looks at every key after its last change, never twice at a time", async () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c"), gapMs: fc.nat(30) });
  const scheduled = fc.record({
    steps: fc.array(step, { maxLength: 40 }),
    durations: fc.array(fc.nat(50), { minLength: 1 }),
    failing: fc.array(fc.boolean(), { minLength: 1 }),
    workers: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(fc.asyncProperty(scheduled, async ({ steps, durations, failing, workers }) => {
    const clock = createFakeClock();
    const changedAt = new Map<string, number>();
    const seenAt = new Map<string, number>();
    const active = new Set<string>();
    let calls = 0;
    const queue = createWorkQueue(async (key) => {
      if (active.has(key) || active.size >= workers) throw new RangeError(`${key} runs already`);
      active.add(key);
      const startedAt = clock.now();
      const call = calls++;
      await new Promise<void>((resolve) => clock.after(durations[call % durations.length]!, resolve));
      active.delete(key);
      if (call < 20 && failing[call % failing.length]) throw FAILURE;
      seenAt.set(key, startedAt);
    }, {
      workers,
      clock,
      random: () => 0.5,
      observer: {
        failed(_key, _ms, error) {
          if (error !== FAILURE) throw error;
        },
      },
    });
    const stop = new AbortController();
    const run = queue.run(stop.signal);
    for (const { key, gapMs } of steps) {
      changedAt.set(key, clock.now());
      queue.add(key);
      await clock.advance(gapMs);
    }
    await clock.advance(24 * 3600 * SECOND_MS);
    for (const [key, at] of changedAt) assertEquals((seenAt.get(key) ?? -1) >= at, true, key);
    assertEquals([clock.waiting, active.size], [0, 0]);
    stop.abort();
    await run;
  }));
});
