/** Waiting for the world to become what a test expects, however long that takes. */

/** Waiting, busy machines aside, after which nothing will come any more: a watchdog, and no measure of speed. */
const HANGING_MS = 600_000;

/** After how much waiting to say what for, again and again. */
const SAY_MS = 30_000;

/**
 * Calls `attempt` every `intervalMs` until it returns something other than `undefined`, and returns that.
 * What `attempt` throws counts as "not yet".
 *
 * Only the pauses between attempts count as waiting, so that a busy machine, on which all takes longer, has more time.
 *
 * @throws {Error} `Cannot <what>: ...` with the last failure, when it seems that it will never come
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined> | T | undefined,
  intervalMs = 50,
): Promise<T> {
  for (let waitedMs = 0;; waitedMs += intervalMs) {
    let failure: unknown;
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (error) {
      failure = error;
    }
    const reason = failure === undefined ? "" : `: ${failure instanceof Error ? failure.message : failure}`;
    if (waitedMs >= HANGING_MS) throw new Error(`Cannot ${what} within ${waitedMs} ms${reason}`, { cause: failure });
    if (waitedMs > 0 && waitedMs % SAY_MS < intervalMs) console.error(`still waiting to ${what}${reason}`);
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
