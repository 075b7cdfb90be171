/** What danm and the relay of its node say to each other about relaying, beside the requests themselves. */

import { KubeUnreachableError, type UnreachableKind } from "./kube_error.ts";

/** Name of the relay's socket in the folder where danm keeps its journals. */
export const RELAY_SOCKET = "api.sock";

/** The relay answers this path itself, at once, so that who asks knows whether there is one. */
export const RELAY_PROBE = "/.relay";

/** In answers of the relay itself: {@linkcode RELAY_READY}, or why the API server could not be reached. */
export const RELAY_HEADER = "x-danm-relay";

export const RELAY_READY = "ready";

/** The answer to a request that the API server did not answer. */
export function unreachableAnswer({ kind, explanation }: KubeUnreachableError): Response {
  return new Response(explanation, { status: 502, headers: { [RELAY_HEADER]: kind } });
}

/** What `response` says of the way from the relay to the API server; undefined when it is the server's own answer. */
export function unreachableKind(response: Response): UnreachableKind | undefined {
  return KINDS.find((kind) => kind === response.headers.get(RELAY_HEADER));
}

const KINDS: readonly UnreachableKind[] = ["connect", "certificate", "lost", "deadline"];
