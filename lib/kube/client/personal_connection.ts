/** Requests by the kubeconfig of a person, with everything that kubectl takes in one: exec plugins, OIDC, proxies. */

import type { KubeConfig } from "@kubernetes/client-node";
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import { Readable } from "node:stream";
import type { Connection, ConnectionRequest } from "./connection.ts";
import { KubeUnreachableError } from "./kube_error.ts";

/** Node's words for an end that came before a connection was there. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN"]);

/** Opens connections by `config`; none is made before the first request. */
export function openPersonal(config: KubeConfig): Connection {
  const { server } = config.getCurrentCluster()!;
  const base = server.replace(/\/+$/, "");
  const isSecure = base.startsWith("https:");
  return {
    async fetch(target, init) {
      const options: RequestOptions = {};
      // Asked for every request: client-node keeps agents, and tokens as long as they are good. Its agents are TLS's.
      if (isSecure) await config.applyToHTTPSOptions(options);
      init.signal?.throwIfAborted();
      try {
        return toResponse(await send(new URL(base + target), options, init));
      } catch (error) {
        if (init.signal?.aborted) throw error;
        throw toUnreachable(base, error);
      }
    },
    [Symbol.dispose]() {},
  };
}

function send(url: URL, options: RequestOptions, { method, headers, body, signal }: ConnectionRequest) {
  const merged = { ...options.headers, ...Object.fromEntries(new Headers(headers)) };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const sent = request(url, { ...options, method, headers: merged, ...(signal && { signal }) }, resolve);
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 500;
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headers)) if (value !== undefined) headers.set(name, `${value}`);
  const empty = status === 204 || status === 304;
  const body = empty ? null : Readable.toWeb(message) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Response(body, { status, statusText: message.statusMessage ?? "", headers });
}

function toUnreachable(server: string, error: unknown): KubeUnreachableError {
  const { code = "", message } = error as { readonly code?: string; readonly message: string };
  const isCertificate = /CERT|TLS|SSL|certificate/i.test(`${code} ${message}`);
  const kind = isCertificate ? "certificate" : NOT_CONNECTED.has(code) ? "connect" : "lost";
  return new KubeUnreachableError(server, kind, message || code, { cause: error });
}
