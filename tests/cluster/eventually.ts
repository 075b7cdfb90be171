/** Waiting for the world to become what a test expects, without guessing how long that takes. */

/**
 * Calls `attempt` every `intervalMs` until it returns something other than `undefined`, and returns that.
 * What `attempt` throws counts as "not yet".
 *
 * @throws {Error} `Cannot <what>: ...` with the last failure, after `deadlineMs`
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined> | T | undefined,
  { deadlineMs = 30_000, intervalMs = 50 }: { deadlineMs?: number; intervalMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (error) {
      failure = error;
    }
    if (Date.now() >= deadline) {
      const reason = failure === undefined ? "" : `: ${failure instanceof Error ? failure.message : failure}`;
      throw new Error(`Cannot ${what} within ${deadlineMs} ms${reason}`, { cause: failure });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
