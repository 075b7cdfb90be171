import { type BackoffLimits, backoffMs } from "../time/backoff.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";

/** What a reconciler asks for when it has done its work. */
export interface Outcome {
  /** Look again after this time, although nothing may have changed by then. */
  readonly againAfterMs?: number;
}

/**
 * Brings the world in line with what is wanted of `key`. It must look at how things are now, not at what happened: many
 * changes may have led to one call, and it is called again after a failure.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Outcome | void>;

/** What happens in a queue, for metrics and logs. */
export interface WorkQueueObserver {
  /** How many keys wait to be processed, those not due yet excluded. */
  depth?(waiting: number): void;
  done?(key: string, ms: number): void;
  failed?(key: string, ms: number, error: unknown, retryInMs: number): void;
}

export interface WorkQueueOptions {
  /** How many keys may be processed at a time. */
  readonly workers: number;
  /** How long to wait after failures of one key. */
  readonly backoff?: BackoffLimits;
  /** Looks at all keys again about this often, to heal what no event told of. */
  readonly resync?: { readonly everyMs: number; keys(): Iterable<string> };
  readonly observer?: WorkQueueObserver;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/** Keys that need a look, each at most once however often it was added. */
export interface WorkQueue {
  add(key: string): void;
  /** Adds `key` when the time has come; the earliest of several times counts. */
  addAfter(key: string, ms: number): void;
  /**
   * Processes keys until `signal` fires; resolves when the last call has ended. What is not done by then, or not due,
   * stays in the queue and comes first in another `run()`.
   */
  run(signal: AbortSignal): Promise<void>;
}

const BACKOFF: BackoffLimits = { firstMs: 100, maxMs: 300_000 };

/**
 * A queue in front of `reconcile`, with the rules of client-go's: keys wait in order of arrival, no key is processed twice
 * at a time, a key added while it is processed is processed once more afterwards, and one that failed comes back after a
 * time that doubles with every failure in a row.
 */
export function createWorkQueue(reconcile: Reconcile, options: WorkQueueOptions): WorkQueue {
  const { workers, backoff = BACKOFF, observer = {}, clock = SYSTEM_CLOCK, random = Math.random } = options;
  const waiting = new Set<string>();
  const active = new Set<string>();
  const delayed = createDelays(clock, add);
  const failures = new Map<string, number>();
  let wake = () => {};

  function add(key: string): void {
    waiting.add(key);
    observer.depth?.(waiting.size);
    wake();
  }

  function takeNext(): string | undefined {
    for (const key of waiting) {
      if (active.has(key)) continue;
      waiting.delete(key);
      observer.depth?.(waiting.size);
      return key;
    }
    return undefined;
  }

  async function processKey(key: string, signal: AbortSignal): Promise<void> {
    const started = clock.now();
    try {
      const outcome = await reconcile(key, signal);
      failures.delete(key);
      observer.done?.(key, clock.now() - started);
      if (outcome?.againAfterMs !== undefined) delayed.add(key, outcome.againAfterMs);
    } catch (error) {
      if (signal.aborted) return add(key);
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const retryInMs = backoffMs(count, backoff, random());
      observer.failed?.(key, clock.now() - started, error, retryInMs);
      delayed.add(key, retryInMs);
    }
  }

  function start(signal: AbortSignal): void {
    while (!signal.aborted && active.size < workers) {
      const key = takeNext();
      if (key === undefined) return;
      active.add(key);
      void processKey(key, signal).finally(() => {
        active.delete(key);
        wake();
      });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    const stopResync = startResync(options.resync, clock, random, add);
    const aborted = () => wake();
    signal.addEventListener("abort", aborted);
    try {
      await new Promise<void>((resolve) => {
        wake = () => {
          start(signal);
          if (signal.aborted && active.size === 0) resolve();
        };
        wake();
      });
    } finally {
      wake = () => {};
      signal.removeEventListener("abort", aborted);
      stopResync();
      delayed.hasten();
    }
  }

  return { add, addAfter: delayed.add, run };
}

/** Keys whose time has not come yet. */
interface Delays {
  add(key: string, ms: number): void;
  /** Lets the time come for all of them. */
  hasten(): void;
}

function createDelays(clock: Clock, due: (key: string) => void): Delays {
  const delays = new Map<string, { readonly at: number; cancel(): void }>();
  return {
    add(key, ms) {
      const at = clock.now() + ms;
      const known = delays.get(key);
      if (known !== undefined && known.at <= at) return;
      known?.cancel();
      const cancel = clock.after(ms, () => {
        delays.delete(key);
        due(key);
      });
      delays.set(key, { at, cancel });
    },
    hasten() {
      for (const [key, { cancel }] of delays) {
        cancel();
        due(key);
      }
      delays.clear();
    },
  };
}

/** Adds all keys now and then, at intervals of 75 to 125 %: many processes must not do so together. */
function startResync(
  resync: WorkQueueOptions["resync"],
  clock: Clock,
  random: () => number,
  add: (key: string) => void,
): () => void {
  if (resync === undefined) return () => {};
  let cancel = () => {};
  const repeat = () => {
    for (const key of resync.keys()) add(key);
    cancel = clock.after(resync.everyMs * (0.75 + random() / 2), repeat);
  };
  repeat();
  return () => cancel();
}
