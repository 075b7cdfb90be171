import type { KubeClient } from "../client/client.ts";
import { startDeadline } from "../../time/deadline.ts";
import { type Lease, openLease } from "./lease.ts";
import { pause } from "../../time/pause.ts";
import { type Moment, now, startTenure, type Tenure } from "./tenure.ts";

/** All in milliseconds. */
export interface ElectionTiming {
  /** How long the others wait for a leader that is silent. */
  readonly durationMs: number;
  /** How long a leader that cannot renew its lease goes on: so much less that its last writes have arrived by then. */
  readonly renewWithinMs: number;
  /** How often a leader renews its lease, and the others look at it. */
  readonly retryMs: number;
}

/** client-go's. A leader that dies is replaced after 18 s at most, one that stops cleanly after 2. */
export const ELECTION_TIMING: ElectionTiming = { durationMs: 15_000, renewWithinMs: 10_000, retryMs: 2000 };

export interface ElectionOptions {
  /** Where the Lease is, and its name: one for each kind of work. */
  readonly namespace: string;
  readonly name: string;
  /** Tells this contender from all others; must be another one after a restart. */
  readonly identity: string;
  readonly timing?: ElectionTiming;
  readonly observer?: ElectionObserver;
}

const NEVER = new AbortController().signal;

/** What happens, for logs and metrics. */
export interface ElectionObserver {
  started?(): void;
  /** The work has ended. */
  stopped?(): void;
  /** The lease could not be read or written; it will be tried again. */
  failed?(error: unknown): void;
}

/**
 * What only the leader may do, until `signal` fires; it must end soon then. It must call `check` before every write (see
 * `fencedClient()`), which throws when leadership is lost.
 */
export type LeaderWork = (signal: AbortSignal, check: () => void) => Promise<void>;

/**
 * Takes part in an election, as often as it takes, until `signal` fires, and does `work` while this contender leads. The
 * lease is kept until the work has ended, and then released. When the work ends by itself, or fails, so does this.
 *
 * Never do two contenders work at a time: a leader that cannot renew its lease is told to stop well before another may
 * take it, and `check` refuses its writes from that moment on, even in a process that was frozen and does not know yet.
 */
export async function runAsLeader(
  client: KubeClient,
  options: ElectionOptions,
  work: LeaderWork,
  signal: AbortSignal,
): Promise<void> {
  const { timing = ELECTION_TIMING, observer = {} } = options;
  const lease = openLease(client, { ...options, durationMs: timing.durationMs });
  while (!signal.aborted) {
    const heldSince = await acquire(lease, timing, observer, signal);
    if (heldSince === undefined) return;
    observer.started?.();
    try {
      await lead(lease, timing, observer, work, heldSince, signal);
    } finally {
      observer.stopped?.();
    }
  }
}

/** Waits for the lease. Resolves to the moment from which its duration counts; undefined when `signal` came first. */
async function acquire(
  lease: Lease,
  { durationMs, retryMs }: ElectionTiming,
  observer: ElectionObserver,
  signal: AbortSignal,
): Promise<Moment | undefined> {
  while (!signal.aborted) {
    const moment = now();
    try {
      using attempt = startDeadline(signal, durationMs);
      if (await lease.hold(attempt.signal)) return moment;
    } catch (error) {
      if (!signal.aborted) observer.failed?.(error);
    }
    const jittered = retryMs * (1 + Math.random() / 5);
    await pause(lease.freeInMs() > 0 ? Math.min(jittered, lease.freeInMs()) : jittered, signal);
  }
  return undefined;
}

async function lead(
  lease: Lease,
  timing: ElectionTiming,
  observer: ElectionObserver,
  work: LeaderWork,
  heldSince: Moment,
  signal: AbortSignal,
): Promise<void> {
  using tenure = startTenure(heldSince, timing.renewWithinMs);
  const stop = () => tenure.stop(signal.reason);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  const ended = new AbortController();
  const renewing = renew(lease, timing, observer, tenure, ended.signal);
  try {
    await work(tenure.signal, tenure.check);
    if (!tenure.signal.aborted) throw new Error("Cannot lead any longer: the work ended by itself");
  } catch (error) {
    if (!tenure.signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    ended.abort();
    await renewing;
    tenure.lose(new Error("Cannot write any more: the work has ended"));
    await release(lease, timing, observer);
  }
}

async function release(lease: Lease, { renewWithinMs }: ElectionTiming, observer: ElectionObserver): Promise<void> {
  using attempt = startDeadline(NEVER, renewWithinMs / 2);
  try {
    await lease.release(attempt.signal);
  } catch (error) {
    observer.failed?.(error); // the others have to wait, which is all
  }
}

/** Renews the lease until the work has ended, even after it was told to stop: what it still does must be alone. */
async function renew(
  lease: Lease,
  { retryMs, renewWithinMs }: ElectionTiming,
  observer: ElectionObserver,
  tenure: Tenure,
  ended: AbortSignal,
): Promise<void> {
  await pause(retryMs, ended);
  while (!ended.aborted) {
    const moment = now();
    try {
      // Two tries at least before the time is up: the first may find its connection dead.
      using attempt = startDeadline(NEVER, renewWithinMs / 2);
      if (!await lease.hold(attempt.signal)) {
        return tenure.lose(new Error(`Cannot lead any longer: ${lease.holder} holds the lease`));
      }
      tenure.extend(moment);
    } catch (error) {
      observer.failed?.(error);
    }
    await pause(retryMs, ended);
  }
}
