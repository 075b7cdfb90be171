/** Plans that were made by what is not so any more. */

/** Something that was planned by has changed since it was read. */
export class StaleError extends Error {
  override readonly name = "StaleError";
}

/** Whether `error`, or one it is made of, is a {@linkcode StaleError}. */
export function isOfStale(error: unknown): boolean {
  return error instanceof AggregateError ? error.errors.some(isOfStale) : error instanceof StaleError;
}
