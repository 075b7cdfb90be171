/** How long a leader may act on its lease without having renewed it. */

/** A moment on two clocks. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** This moment. */
export function now(): Moment {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/**
 * Time passed since `moment`, by the clock that has seen more of it: the monotonic one stands still while the machine is
 * suspended, the other may be set back.
 */
function elapsedMs(moment: Moment): number {
  return Math.max(performance.now() - moment.monotonicMs, Date.now() - moment.wallMs);
}

/** Leadership while it lasts. */
export interface Tenure extends Disposable {
  /** Fires when it is lost, or when it was told to stop. */
  readonly signal: AbortSignal;
  /** Asks the work to end. It may still write as long as the lease is renewed. */
  stop(reason: unknown): void;
  /** Ends for good. */
  lose(reason: unknown): void;
  /** The lease has been renewed since `moment`. */
  extend(moment: Moment): void;
  /** Throws when leadership is lost, or would be by now had this process been awake. */
  check(): void;
}

/** Leadership by a lease that was renewed at `since`, lost when it is not extended within `withinMs`. */
export function startTenure(since: Moment, withinMs: number): Tenure {
  const controller = new AbortController();
  let renewed = since;
  let lost: unknown;
  function lose(reason: unknown): void {
    lost ??= reason;
    controller.abort(reason);
  }
  function expire(): void {
    const leftMs = withinMs - elapsedMs(renewed);
    if (leftMs <= 0) lose(new Error(`Cannot lead any longer: the lease could not be renewed for ${withinMs} ms`));
    else timer = setTimeout(expire, leftMs);
  }
  let timer = setTimeout(expire, Math.max(0, withinMs - elapsedMs(since)));
  return {
    signal: controller.signal,
    stop: (reason) => controller.abort(reason),
    lose,
    extend(moment) {
      if (lost === undefined) renewed = moment;
    },
    check() {
      if (elapsedMs(renewed) >= withinMs) expire();
      if (lost !== undefined) throw lost;
    },
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
