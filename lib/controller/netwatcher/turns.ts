import type { Clock } from "../clock.ts";

/** Whose turn it is, and how long until the next one's; undefined when there is none. */
export interface Turns {
  readonly due: ReadonlySet<string>;
  readonly nextInMs: number | undefined;
}

/**
 * Returns what says of things that all nodes could do at the same moment which this node should do now: each gets a moment
 * of its own, up to `spreadMs` after it was first heard of. By then another node has done most of them, and they are not
 * among `keys` any more.
 *
 * @param random uniform in [0, 1)
 */
export function createTurns(
  spreadMs: number,
  { now }: Pick<Clock, "now">,
  random: () => number = Math.random,
): (keys: readonly string[]) => Turns {
  let moments: ReadonlyMap<string, number> = new Map();
  return (keys) => {
    const time = now();
    moments = new Map(keys.map((key) => [key, moments.get(key) ?? time + random() * spreadMs]));
    const later = [...moments.values()].filter((moment) => moment > time);
    return {
      due: new Set(keys.filter((key) => moments.get(key)! <= time)),
      nextInMs: later.length === 0 ? undefined : Math.min(...later) - time,
    };
  };
}
