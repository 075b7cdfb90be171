/**
 * Serves HTTPS with a certificate that can be exchanged while requests are under way.
 *
 * Deno.serve() takes its certificate when it starts, and two of them can share a port only by SO_REUSEPORT, where closing
 * one resets the connections that wait in its queue. So clients connect to a plain TCP port, which hands each new
 * connection, still encrypted, to the server with the current certificate, on a loopback port. That also gives the bounds
 * that Deno.serve() has not: on the number of connections and on their silence.
 */

import type { ListenAddress } from "../host/serving/serve_http.ts";

/** A certificate with its chain, and its private key (PKCS #8), in PEM. */
export interface ServingPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface TlsFront extends AsyncDisposable {
  /** Where it really listens. */
  readonly address: ListenAddress;
  /**
   * New connections get this certificate; old ones are asked to end.
   *
   * @throws {Error} when it cannot be used; what was in use stays
   */
  use(pair: ServingPair): void;
}

export interface TlsFrontOptions {
  /** Connections at a time; more are closed at once. */
  readonly maxConnections: number;
  /** Time for a client to get through its TLS handshake, in milliseconds. */
  readonly handshakeMs: number;
  /** Silence after which a connection is closed; longer than the API server keeps idle ones. In milliseconds. */
  readonly idleMs: number;
}

const OPTIONS: TlsFrontOptions = { maxConnections: 1024, handshakeMs: 10_000, idleMs: 180_000 };

/** How long an old server goes on accepting what was handed to it just before. */
const HAND_OVER_MS = 1000;

/** How long requests may go on when all of it ends. */
const CLOSE_MS = 5000;

const BUFFER_SIZE = 16_384;

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * Listens at `address`; connections wait until the first certificate is there.
 *
 * @throws {Error} when it cannot listen there
 */
export function openTlsFront(
  { hostname, port }: ListenAddress,
  handler: Handler,
  options: Partial<TlsFrontOptions> = {},
): TlsFront {
  const limits = { ...OPTIONS, ...options };
  const listener = hostname === "" ? listenOnAll(port) : Deno.listen({ hostname, port });
  const first = Promise.withResolvers<void>();
  const connections = new Set<Disposable>();
  const servers = new Set<Deno.HttpServer<Deno.NetAddr>>();
  let current: Deno.HttpServer<Deno.NetAddr> | undefined;
  const accepting = accept();

  async function accept(): Promise<void> {
    await first.promise;
    for (;;) {
      let client: Deno.TcpConn;
      try {
        client = await listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return; // it was closed
        await new Promise((resolve) => setTimeout(resolve, 100)); // out of file descriptors, for instance
        continue;
      }
      if (current === undefined || connections.size >= limits.maxConnections) client.close();
      else void join(client, current.addr.port, connections, limits);
    }
  }

  async function retire(server: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, HAND_OVER_MS));
    if (servers.has(server)) await server.shutdown();
    servers.delete(server);
  }

  return {
    address: { hostname: listener.addr.hostname, port: listener.addr.port },
    use({ certPem, keyPem }) {
      const tls = { cert: certPem, key: keyPem, hostname: "127.0.0.1", port: 0, onListen: () => {} };
      const old = current;
      current = Deno.serve(tls, (request) => handler(request));
      servers.add(current);
      first.resolve();
      if (old !== undefined) void retire(old);
    },
    async [Symbol.asyncDispose]() {
      first.resolve();
      listener.close();
      const cut = () => {
        for (const connection of connections) connection[Symbol.dispose]();
      };
      const timer = setTimeout(cut, CLOSE_MS);
      const ending = [...servers];
      servers.clear();
      await Promise.all([accepting, ...ending.map((server) => server.shutdown())]);
      clearTimeout(timer);
      cut();
    },
  };
}

/** On IPv6, which takes IPv4 as well, unless the kernel has no IPv6. */
function listenOnAll(port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}

/** Joins a client's connection with one to the server on `port`, until either ends or both are silent for too long. */
async function join(
  client: Deno.TcpConn,
  port: number,
  connections: Set<Disposable>,
  { handshakeMs, idleMs }: TlsFrontOptions,
): Promise<void> {
  let server: Deno.TcpConn | undefined;
  const connection = {
    [Symbol.dispose]() {
      connections.delete(connection);
      clearInterval(timer);
      for (const end of [client, server]) {
        try {
          end?.close();
        } catch {
          // it is closed
        }
      }
    },
  };
  connections.add(connection);
  let answers = 0;
  const started = performance.now();
  let heard = started;
  const timer = setInterval(() => {
    const now = performance.now();
    // An answer of the server is its hello, a second one the end of the handshake or data.
    if (now - heard > idleMs || answers < 2 && now - started > handshakeMs) connection[Symbol.dispose]();
  }, Math.min(handshakeMs, idleMs) / 2);
  try {
    server = await Deno.connect({ hostname: "127.0.0.1", port });
    client.setNoDelay(true);
    server.setNoDelay(true);
    const touch = () => void (heard = performance.now());
    const answered = () => {
      answers++;
      touch();
    };
    await Promise.all([copy(client, server, touch), copy(server, client, answered)]);
  } catch {
    // one side broke off, which the other one is told by the end of its connection
  } finally {
    connection[Symbol.dispose]();
  }
}

async function copy(from: Deno.TcpConn, to: Deno.TcpConn, heard: () => void): Promise<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (;;) {
    const count = await from.read(buffer);
    if (count === null) return await to.closeWrite();
    heard();
    for (let written = 0; written < count;) written += await to.write(buffer.subarray(written, count));
  }
}
