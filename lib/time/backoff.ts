/** Bounds of a growing delay, in milliseconds. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait after `failures` failures in a row (from 1): twice as long each time, up to the limit. Half of it is
 * at random, so that what failed together does not come back together.
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffLimits, random: number): number {
  const whole = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return whole * (1 + random) / 2;
}
