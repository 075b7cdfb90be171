/** Something that runs until `signal` fires, and then ends soon. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs all tasks at a time and waits for all of them. When one ends, for whatever reason, the others are told to.
 *
 * @throws what the first task that failed threw
 */
export async function runTogether(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const cancel = () => stop.abort(signal.reason);
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  const failures: unknown[] = [];
  await Promise.all(tasks.map(async (task) => {
    try {
      await task(stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) failures.push(error);
    } finally {
      stop.abort();
    }
  }));
  signal.removeEventListener("abort", cancel);
  if (failures.length > 0) throw failures[0];
}
