/**
 * Waits `ms` milliseconds, or until `signal` fires: never rejects.
 *
 * Without a signal not by setTimeout: its first use loads all of Deno's timers, about 5 ms that an ADD has no need of.
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal === undefined) {
      AbortSignal.timeout(ms).addEventListener("abort", () => resolve());
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
