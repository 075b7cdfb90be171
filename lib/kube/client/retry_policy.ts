import { KubeError, type KubeUnreachableError } from "./kube_error.ts";

/** What decides whether a request may be sent again. */
export interface Repeatable {
  /**
   * Whether sending the request twice does no harm. Reads always are. A write is when its caller can tell its own
   * earlier attempt from somebody else's, because the first attempt may have been applied although its answer was lost.
   */
  readonly idempotent: boolean;
  /**
   * Whether 409 means "busy" and not "somebody changed it": so for a patch that names no resourceVersion. The API
   * server retries such a patch five times by itself and only then gives up.
   */
  readonly conflictMeansBusy: boolean;
}

/** Attempts in all before the last failure is the answer: about 8 seconds, unless the server asks for more. */
export const MAX_ATTEMPTS = 10;
const BASE_MS = 50;
const CAP_MS = 5000;

/**
 * How long to wait before sending a request again, in milliseconds, or `undefined` when the failure is the answer.
 *
 * Full jitter: writers that collided once are spread over the whole interval. The interval starts where the server's
 * Retry-After ends.
 *
 * @param attempt how many attempts have failed, from 1
 * @param random uniform in [0, 1)
 */
export function retryDelay(
  failure: KubeError | KubeUnreachableError,
  request: Repeatable,
  attempt: number,
  random: number,
): number | undefined {
  if (attempt >= MAX_ATTEMPTS || !mayRepeat(failure, request)) return undefined;
  const asked = failure instanceof KubeError ? failure.retryAfterMs ?? 0 : 0;
  return asked + random * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
}

function mayRepeat(failure: KubeError | KubeUnreachableError, request: Repeatable): boolean {
  if (!(failure instanceof KubeError)) {
    return failure.kind === "connect" || (failure.kind === "lost" && request.idempotent);
  }
  switch (failure.status) {
    case 429:
    case 503:
      return true; // turned away before anything was done
    case 500:
    case 502:
    case 504:
      return request.idempotent; // may have been done
    case 409:
      return request.conflictMeansBusy;
    default:
      return false;
  }
}
