/** Lets a burst through at once, and then one at a time. */
export interface TokenBucket {
  /** How long until the next one may go, in milliseconds; 0 for at once. */
  waitMs(now: number): number;
  take(now: number): void;
}

/** A full bucket of `burst` tokens that gets one more every `refillMs`. */
export function createTokenBucket(burst: number, refillMs: number): TokenBucket {
  let emptyAt = -Infinity; // when the bucket was, or will be, empty had it lost nothing since
  const fullMs = burst * refillMs;
  return {
    waitMs: (now) => Math.max(0, emptyAt + refillMs - now),
    take(now) {
      emptyAt = Math.max(emptyAt, now - fullMs) + refillMs;
    },
  };
}
