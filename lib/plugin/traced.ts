import type { NodeServices } from "./node_services.ts";

/**
 * Does `work`, a step of a call, and says at the log's level `debug` how long it took: `from` milliseconds after the call
 * had come, for `ms`. Steps go on side by side, and one may be a part of another.
 *
 * @param fields tell what it was about, e.g. the interface
 */
export async function traced<T>(
  { log, calledAt = 0 }: Pick<NodeServices, "log" | "calledAt">,
  step: string,
  work: () => T | Promise<T>,
  fields: Readonly<Record<string, string>> = {},
): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    log.write("debug", "step", {
      step,
      ...fields,
      from: tenths(begun - calledAt),
      ms: tenths(performance.now() - begun),
    });
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
