/** Doing many things in a limited time, so that none of them can use up what belongs to the others. */

import { startDeadline } from "../time/deadline.ts";

/** The least that one of them gets, in milliseconds, however many there are. */
const LEAST_MS = 1000;

/**
 * Does all `works`, at most `width` at once. Each is told to stop when it has used up its share of the time that was left
 * when it began, so what one does not use is the others'.
 *
 * @param seconds for all of them
 * @returns what became of each, in the order given
 */
export async function shareTime<T>(
  works: readonly ((signal: AbortSignal) => Promise<T>)[],
  { width, seconds }: { readonly width: number; readonly seconds: number },
  signal: AbortSignal,
): Promise<PromiseSettledResult<T>[]> {
  const end = performance.now() + seconds * 1000;
  const outcomes: PromiseSettledResult<T>[] = new Array(works.length);
  const queue = works.entries();
  let left = works.length;
  await Promise.all(Array.from({ length: Math.min(width, works.length) }, async () => {
    for (const [place, work] of queue) {
      const ms = Math.max(LEAST_MS, (end - performance.now()) / Math.ceil(left / width));
      left--;
      [outcomes[place]] = await Promise.allSettled([withShare(ms, work, signal)]) as [PromiseSettledResult<T>];
    }
  }));
  return outcomes;
}

async function withShare<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  using share = startDeadline(signal, ms, `its share of the time, ${Math.round(ms)} ms, has passed`);
  return await work(share.signal);
}
