/** Where to listen. An empty host means all addresses; port 0 any free one. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/** A server that listens. Disposing of it lets requests end that are under way, for a second at most. */
export interface HttpServer extends AsyncDisposable {
  /** Where it really listens. */
  readonly address: ListenAddress;
}

type Handler = (request: Request) => Response | Promise<Response>;

const CLOSE_MS = 1000;

/**
 * Serves HTTP.
 *
 * @throws {Error} when it cannot listen there
 */
export function serveHttp({ hostname, port }: ListenAddress, handler: Handler): HttpServer {
  const kill = new AbortController();
  const start = (host: string) =>
    Deno.serve({ hostname: host, port, signal: kill.signal, onListen: () => {} }, (request) => handler(request));
  const server = hostname === "" ? startOnAll(start) : start(hostname);
  return {
    address: { hostname: server.addr.hostname, port: server.addr.port },
    async [Symbol.asyncDispose]() {
      const timer = setTimeout(() => kill.abort(), CLOSE_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

/** On IPv6, which takes IPv4 as well, unless the kernel has no IPv6. */
function startOnAll<Server>(start: (host: string) => Server): Server {
  try {
    return start("::");
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return start("0.0.0.0");
  }
}
