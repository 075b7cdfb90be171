/** How requests get to the API server. */

import { createHttpClient, createSocketClient } from "./http_client.ts";
import { KubeUnreachableError } from "./kube_error.ts";
import type { KubeConfig } from "../config/kubeconfig.ts";
import { promptBody } from "./prompt_body.ts";
import { RELAY_HEADER, RELAY_PROBE, RELAY_READY, unreachableKind } from "./relay_protocol.ts";

/** Pooled connections to one API server, made when first needed. */
export interface Connection extends Disposable {
  /**
   * @param target path and query
   * @throws {KubeUnreachableError} when a relay says so; else what `fetch` rejects with
   */
  fetch(target: string, init: ConnectionRequest): Promise<Response>;
}

/** A request as `fetch` takes it, with a body that can be taken apart. */
export type ConnectionRequest = Omit<RequestInit, "body"> & { readonly body?: Uint8Array<ArrayBuffer> };

/** What a relay may take to say that it is there, in milliseconds: on a busy node everything else takes longer too. */
const PROBE_MS = 3000;

/**
 * Connections made by this process itself.
 *
 * HTTP/2 stays on: requests made at once share one connection, where HTTP/1.1 opens, and shakes hands on, one each.
 *
 * @throws {Error} when the certificates cannot be used
 */
export function openDirect(config: KubeConfig): Connection {
  const client = createHttpClient(config);
  return {
    fetch: (target, { body, ...init }) =>
      fetch(config.server + target, { ...init, ...(body && { body: promptBody(body) }), client }),
    [Symbol.dispose]: () => client.close(),
  };
}

/**
 * Connections through the relay at `socket`, if one answers there; direct ones otherwise, and from the first time on
 * that the relay breaks one. Most of the time of a process with few requests goes into its first TLS handshake, which
 * the relay has behind it.
 */
export function openRelayed(config: KubeConfig, socket: string): Connection {
  const relay = openRelay(config.server, socket);
  let direct: Connection | undefined;
  let isThere: Promise<boolean> | undefined;
  return {
    async fetch(target, init) {
      if (!await (isThere ??= answers(relay))) direct ??= openDirect(config);
      if (direct) return await direct.fetch(target, init);
      try {
        return await relay.fetch(target, init);
      } catch (error) {
        // Whether to send it again is for the caller to say; the next request does without the relay.
        if (!(error instanceof KubeUnreachableError)) direct ??= openDirect(config);
        throw error;
      }
    },
    [Symbol.dispose]() {
      relay[Symbol.dispose]();
      direct?.[Symbol.dispose]();
    },
  };
}

/** Deno looks the host of a URL up even if a socket says where to connect; an address needs no name server. */
const RELAY_URL = "http://127.0.0.1";

function openRelay(server: string, socket: string): Connection {
  const client = createSocketClient(socket);
  return {
    async fetch(target, init) {
      const response = await fetch(RELAY_URL + target, { ...init, client });
      const kind = unreachableKind(response);
      if (kind !== undefined) throw new KubeUnreachableError(server, kind, await response.text());
      return response;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

async function answers(relay: Connection): Promise<boolean> {
  try {
    const response = await relay.fetch(RELAY_PROBE, { signal: AbortSignal.timeout(PROBE_MS) });
    return response.headers.get(RELAY_HEADER) === RELAY_READY;
  } catch {
    return false;
  }
}
