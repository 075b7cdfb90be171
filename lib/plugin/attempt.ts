/** Going on after a failure, and telling all of them in the end. */

import { messageOf } from "./to_cni_error.ts";

/** Does `work`; when it fails, notes why in `failures` and resolves to undefined. */
export async function attempt<T>(failures: unknown[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    failures.push(error);
    return undefined;
  }
}

/**
 * One error of all `failures`, each told in lines of its own.
 *
 * @param heading a line before them
 */
export function joinFailures(failures: readonly unknown[], heading?: string): unknown {
  if (failures.length === 1 && heading === undefined) return failures[0];
  const lines = [...(heading === undefined ? [] : [heading]), ...failures.map(messageOf)];
  return new AggregateError(failures, lines.join("\n"));
}
