/**
 * Resolves after `ms` milliseconds.
 *
 * Not by setTimeout: its first use loads all of Deno's timers, about 5 ms that an ADD has no need of.
 */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => AbortSignal.timeout(ms).addEventListener("abort", () => resolve()));
}
