/** Time, as far as decisions depend on it: handed in, so that a test can let hours pass at once. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes backwards. */
  now(): number;
  /** Calls `callback` once after `ms` milliseconds. Returns what calls it off. */
  after(ms: number, callback: () => void): () => void;
}

/** More than this, 24 days, a timer cannot count: it would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's own clock. A callback that is due in a month comes early, which a level-based reader does not mind. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_MS));
    return () => clearTimeout(timer);
  },
};
