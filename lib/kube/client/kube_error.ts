/** What can go wrong between a client and the API server, by meaning. */

/** The parts of a Kubernetes `Status` object that say why a request failed. Source: Kubernetes API, meta/v1 Status. */
export interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly name?: string; readonly retryAfterSeconds?: number };
}

/** The API server answered, and the answer was no. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  constructor(
    /** What was asked, e.g. `GET /api/v1/namespaces/default/pods/a`. */
    readonly request: string,
    /** HTTP status, 300 to 599: the API server does not redirect. */
    readonly status: number,
    /**
     * Kubernetes' machine-readable reason, e.g. `NotFound`, or {@link NOT_SERVED}; empty when the answer was not a Status, or
     * a 404 that does not say what was not found.
     */
    readonly reason: string,
    explanation: string,
    /** How long the server wants callers to wait, in milliseconds, when it said so. */
    readonly retryAfterMs?: number,
  ) {
    super(`Cannot ${request}: ${explanation} (${[status, reason].join(" ").trim()})`);
  }
}

/**
 * Why no answer came:
 * - `connect`: no connection, so nothing was sent (refused, no route, unknown host name);
 * - `certificate`: the server's certificate is not to be trusted, nothing was sent;
 * - `lost`: the connection broke after the request went out; a write may have been applied;
 * - `deadline`: the caller's deadline passed while waiting; a write may have been applied.
 */
export type UnreachableKind = "connect" | "certificate" | "lost" | "deadline";

/** The API server did not answer. */
export class KubeUnreachableError extends Error {
  override readonly name = "KubeUnreachableError";
  constructor(
    readonly server: string,
    readonly kind: UnreachableKind,
    readonly explanation: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot reach API server ${server}: ${explanation}`, options);
  }
}

/** The reason of a 404 where the API server is known not to serve the type. Kubernetes itself has none for it. */
export const NOT_SERVED = "TypeNotServed";

/**
 * No such object, or no such resource type (a CRD that is not installed). A 404 of which the API server has said neither,
 * e.g. the page of a proxy, proves nothing and is a failure like any other.
 */
export function isNotFound(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 404 && error.reason !== "";
}

/** No such resource type: its CRD is not installed. */
export function isNotServed(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 404 && error.reason === NOT_SERVED;
}

/** A 404 that does not say what was not found. */
export function isPlain404(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 404 && error.reason === "";
}

/** The object exists already (create only). */
export function isAlreadyExists(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 409 && error.reason === "AlreadyExists";
}

/** Somebody else changed the object, or a precondition does not hold. */
export function isConflict(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 409 && error.reason !== "AlreadyExists";
}

/** The object breaks its schema or a CEL rule, or the `test` of a JSON patch does not hold. */
export function isInvalid(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 422;
}

/** The resource version or continue token is older than what the server remembers: list again. */
export function isGone(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 410;
}
