import type { Clock } from "../lib/controller/clock.ts";

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Lets `ms` milliseconds pass: calls what falls due, in order, each after everything before it has settled. */
  advance(ms: number): Promise<void>;
  /** How many callbacks wait. */
  readonly waiting: number;
}

/** A clock that shows 0. */
export function createFakeClock(): FakeClock {
  let time = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  const earliest = (limit: number) => [...timers].filter(({ at }) => at <= limit).sort((a, b) => a.at - b.at)[0];
  return {
    now: () => time,
    after(ms, callback) {
      const timer = { at: time + ms, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const end = time + ms;
      await settle();
      for (let due = earliest(end); due !== undefined; due = earliest(end)) {
        timers.delete(due);
        time = due.at;
        due.callback();
        await settle();
      }
      time = end;
    },
    get waiting() {
      return timers.size;
    },
  };
}

/** Lets promises that are resolved already, and those that follow from them, have their effect. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
