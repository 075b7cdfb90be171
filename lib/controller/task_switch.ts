import { runTogether, type Task } from "./run_together.ts";

/** Something that runs only while it is wanted. */
export interface TaskSwitch {
  /** Whether it is wanted from now on. */
  set(on: boolean): void;
  run: Task;
}

/** Runs what `start` makes, one after another, each from when it is wanted until it is not any more. */
export function createTaskSwitch(start: () => Task): TaskSwitch {
  let isOn = false;
  let change = Promise.withResolvers<void>();
  return {
    set(on) {
      if (on === isOn) return;
      isOn = on;
      change.resolve();
      change = Promise.withResolvers();
    },
    async run(signal) {
      const stopped = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => stopped.resolve(), { once: true });
      while (!signal.aborted) {
        const changed = change.promise;
        const untilChange: Task = () => Promise.race([changed, stopped.promise]);
        await runTogether(isOn ? [start(), untilChange] : [untilChange], signal);
      }
    },
  };
}
