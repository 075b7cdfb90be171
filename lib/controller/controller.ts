/**
 * How a daemon's work is put together:
 *
 * - informers (`watchResource()`) keep what is wanted and what there is; their handlers only say which keys need a look,
 *   `controller.add(key)`, and a change of one object may concern several keys, of `before` as well as of `after`;
 * - `reconcile(key)` reads both sides of that key from the informers, a pure function of lib/reconcile or lib/ipam turns
 *   them into a plan, and a thin loop carries the plan out. It never trusts that it was told of every step: it must do right
 *   when called once for many changes, again for none, and for a key whose object is gone. It throws to be called again;
 * - with several replicas, informers run in all of them and the controller in the leader (`createLeadership()`), which
 *   writes by the leadership's client.
 *
 * ```ts
 * const services = watchResource<Service>(daemon, { resource: SERVICES }, ({ key }) => controller.add(key));
 * const controller = createController(daemon, {
 *   name: "services",
 *   reconcile: (key, signal) => carryOut(planSlices(services.get(key), …), leadership.kube, signal),
 *   caches: () => [services],
 *   resync: { everyMs: 600_000, keys: () => services.keys() },
 * });
 * await runTogether([services.run, (signal) => leadership.run(controller.run, signal)], signal);
 * ```
 */

import type { Informer } from "../kube/watch/informer.ts";
import type { Daemon } from "./daemon.ts";
import { createWorkQueue, type Reconcile, type WorkQueue, type WorkQueueOptions } from "./work_queue.ts";

export interface ControllerOptions {
  /** Names it in logs and metrics. */
  readonly name: string;
  readonly reconcile: Reconcile;
  /** Nothing is reconciled before all of these have synced. */
  readonly caches: () => readonly Informer<unknown>[];
  /** How many keys at a time; 4 when absent. */
  readonly workers?: number;
  readonly resync?: NonNullable<WorkQueueOptions["resync"]>;
}

/** A queue that starts when its caches are full, and tells log and metrics what it does. */
export function createController(
  { log, meters }: Pick<Daemon, "log" | "meters">,
  { name: controller, reconcile, caches, workers = 4, resync }: ControllerOptions,
): WorkQueue {
  const observe = (result: "done" | "failed", ms: number) =>
    meters.reconcileSeconds.observe({ controller, result }, ms / 1000);
  const queue = createWorkQueue(reconcile, {
    workers,
    ...(resync && { resync }),
    observer: {
      depth: (waiting) => meters.queueWaiting.set({ controller }, waiting),
      done: (_key, ms) => observe("done", ms),
      failed(key, ms, reason, retryInMs) {
        observe("failed", ms);
        log.write("warning", "cannot reconcile", { controller, key, reason, retryInMs: Math.round(retryInMs) });
      },
    },
  });
  return {
    ...queue,
    async run(signal) {
      await Promise.race([Promise.all(caches().map(({ synced }) => synced)), aborted(signal)]);
      await queue.run(signal);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
