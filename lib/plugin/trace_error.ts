/** Signs of an earlier attempt for a container of which this node has no journal. */

/** Something is there that only an earlier attempt, or somebody else, can have made. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** Whether `error`, or one it is made of, is a {@linkcode TraceError}. */
export function showsTraces(error: unknown): boolean {
  return error instanceof AggregateError ? error.errors.some(showsTraces) : error instanceof TraceError;
}
