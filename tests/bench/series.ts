/** Durations of one kind of call, and what a report says of them. */

/** Milliseconds at quantile `q` (0 to 1) of `durations`: the smallest value that at least that share does not exceed. */
export function quantile(durations: readonly number[], q: number): number {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? NaN;
}

/** `p50 12 p90 15 max 40`, in whole milliseconds. */
export function describe(durations: readonly number[]): string {
  const [p50, p90, max] = [0.5, 0.9, 1].map((q) => Math.round(quantile(durations, q)));
  return `p50 ${p50} p90 ${p90} max ${max}`;
}

/** One line of a report: what was measured, and its values. */
export function report(what: string, ...values: readonly string[]): void {
  console.log(`${what.padEnd(52)} ${values.join("  ")}`);
}

/** Runs `work` for every item, `width` at a time, each worker taking the next item when it is done. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(Array.from({ length: width }, async () => {
    for (const item of rest) await work(item);
  }));
}
