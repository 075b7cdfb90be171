/** How requests get to the API server. */

import { createHttpClient } from "./http_client.ts";
import type { KubeConfig } from "../config/kubeconfig.ts";
import { promptBody } from "./prompt_body.ts";

/** Pooled connections to one API server, made when first needed. */
export interface Connection extends Disposable {
  /** @param target path and query */
  fetch(target: string, init: ConnectionRequest): Promise<Response>;
}

/** A request as `fetch` takes it, with a body that can be taken apart. */
export type ConnectionRequest = Omit<RequestInit, "body"> & { readonly body?: Uint8Array<ArrayBuffer> };

/**
 * Opens the way to the API server of `config`.
 *
 * HTTP/2 stays on: requests made at once share one connection, where HTTP/1.1 opens, and shakes hands on, one each.
 *
 * @throws {Error} when the certificates cannot be used
 */
export function openConnection(config: KubeConfig): Connection {
  const client = createHttpClient(config);
  return {
    fetch: (target, { body, ...init }) =>
      fetch(config.server + target, { ...init, ...(body && { body: promptBody(body) }), client }),
    [Symbol.dispose]: () => client.close(),
  };
}
