/**
 * Serves HTTPS with a certificate that can be exchanged while requests are under way.
 *
 * By HTTP/1.1: node:http2 of Deno 2.9.6 serves both, but an assertion in its library ends the process when a client goes
 * away in the middle of a request ("find_stream_on_goaway_func"). The API server takes what is offered. And with bodies of
 * a stated length only, as the API server's are: Deno takes from the network whatever comes, read or not, so a body without
 * end would fill the memory before anybody has counted it.
 */

import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { ListenAddress } from "../host/serving/serve_http.ts";
import { type ConnectionLimits, createConnectionTable } from "./connection_table.ts";

/** A certificate with its chain, and its private key (PKCS #8), in PEM. */
export interface ServingPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface TlsFront extends AsyncDisposable {
  /** Where it listens. */
  readonly address: ListenAddress;
  /**
   * New connections get this certificate; open ones stay as they are.
   *
   * @throws {Error} when it cannot be used; what was in use stays
   */
  use(pair: ServingPair): void;
}

/** Nobody can be served at the address. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

const LIMITS: ConnectionLimits = { maxConnections: 1024, handshakeMs: 10_000, idleMs: 180_000 };

/** The longest body to be received after its answer, so that who sent only a little too much hears of it. In bytes. */
const MAX_UNREAD = 4 * 1024 * 1024;

/** How long requests may go on when all of it ends. */
const CLOSE_MS = 5000;

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * Listens at `address` with the certificate of `pair`.
 *
 * @throws {ListenError}
 * @throws {Error} when the certificate cannot be used
 */
export async function openTlsFront(
  address: ListenAddress,
  pair: ServingPair,
  handler: Handler,
  limits: Partial<ConnectionLimits> = {},
): Promise<TlsFront> {
  const table = createConnectionTable({ ...LIMITS, ...limits });
  const serve = getRequestListener(handler, { overrideGlobalObjects: false });
  const server = createServer(contextOf(pair), (request, response) => {
    if (request.headers["transfer-encoding"] === undefined) return void serve(request, response);
    response.writeHead(411, { "content-type": "text/plain" }).end("Cannot read the request: it must say its length\n");
  });
  server.on("connection", (socket: Socket) => table.opened(socket));
  server.on("secureConnection", (socket) => table.secured(socket));
  server.on("request", (request, response) => {
    const { socket } = request;
    table.began(socket);
    response.once("close", () => {
      table.ended(socket, response.statusCode);
      // What is answered without having been read would go on being received, and kept.
      const { "content-length": length, "transfer-encoding": encoding } = request.headers;
      if (encoding !== undefined || Number(length) > MAX_UNREAD) socket.destroy();
    });
  });
  try {
    await listen(server, address);
  } catch (error) {
    table[Symbol.dispose]();
    throw error;
  }
  const { address: hostname, port } = server.address() as { readonly address: string; readonly port: number };
  return {
    address: { hostname, port },
    use: (next) => server.setSecureContext(contextOf(next)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      table.drain();
      const timer = setTimeout(() => table[Symbol.dispose](), CLOSE_MS);
      await closed;
      clearTimeout(timer);
      table[Symbol.dispose]();
    },
  };
}

/** What makes a TLS context; the library itself finds out only when somebody connects that it cannot be used. */
function contextOf({ certPem, keyPem }: ServingPair): { readonly cert: Buffer; readonly key: Buffer } {
  if (!new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))) {
    throw new Error("Cannot serve with the certificate: the private key is another one's");
  }
  return { cert: Buffer.from(certPem), key: Buffer.from(keyPem) };
}

/** On all addresses that is IPv6, which takes IPv4 as well, unless the kernel has no IPv6. */
async function listen(server: Server, { hostname, port }: ListenAddress): Promise<void> {
  const tryHost = (host: string) =>
    new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await tryHost(hostname === "" ? "::" : hostname).catch((error) => {
      if (hostname !== "" || error.code === "EADDRINUSE") throw error;
      return tryHost("0.0.0.0");
    });
  } catch (cause) {
    throw new ListenError(`Cannot listen on port ${port}: ${(cause as Error).message}`, { cause });
  }
}
