/** Passes requests from programs of this node on to the API server, over connections that are open already. */

import { type Connection, openDirect } from "./connection.ts";
import { KubeUnreachableError } from "./kube_error.ts";
import type { KubeConfig } from "../config/kubeconfig.ts";
import { RELAY_HEADER, RELAY_PROBE, RELAY_READY, unreachableAnswer } from "./relay_protocol.ts";
import { toFailure } from "./transport.ts";

/** How long the API server may take to answer, in milliseconds: as long as danm waits for everything. */
const ANSWER_MS = 30_000;

/** The same for a write, which is not over because nobody waits: the API server's own limit (its `--request-timeout`). */
const WRITTEN_MS = 60_000;

/** Headers that go on to the API server, and those that come back. */
const REQUEST_HEADERS = ["accept", "authorization", "content-type", "user-agent"];
const RESPONSE_HEADERS = ["content-type", "retry-after"];

/** A relay; disposing of it closes its connections. */
export interface ApiRelay extends Disposable {
  respond(request: Request): Promise<Response>;
}

/**
 * Opens a relay to the API server of a configuration. It adds nothing to a request, no rights above all: each counts as
 * that of the token it carries, and one without a token is refused here.
 *
 * @param load reads the configuration, now and after every failure; only the server and who signs for it count
 * @throws what `load` throws now
 */
export function createApiRelay(load: () => KubeConfig): ApiRelay {
  let upstream = openUpstream(load());

  /** The connection may be dead, the certificate of the server new. */
  function renew(failed: Upstream): void {
    if (failed !== upstream) return;
    try {
      upstream = openUpstream(load());
      failed.connection[Symbol.dispose](); // what still runs there goes on
    } catch {
      // half-written files: the next failure reads them again
    }
  }

  async function pass(request: Request): Promise<Response> {
    const used = upstream;
    const signal = AbortSignal.timeout(request.method === "GET" ? ANSWER_MS : WRITTEN_MS);
    try {
      const answer = await send(used.connection, request, signal);
      // Whole: the deadline holds for all of it, and who cannot read it gets to know why.
      return new Response(await answer.arrayBuffer(), {
        status: answer.status,
        headers: pick(answer.headers, RESPONSE_HEADERS),
      });
    } catch (error) {
      const failure = toFailure(used.server, signal, error);
      if (!(failure instanceof KubeUnreachableError)) throw failure;
      renew(used);
      return unreachableAnswer(failure);
    }
  }

  return {
    async respond(request) {
      if (new URL(request.url).pathname === RELAY_PROBE) {
        return new Response(null, { status: 204, headers: { [RELAY_HEADER]: RELAY_READY } });
      }
      if (!request.headers.has("authorization")) return new Response("the token is missing\n", { status: 401 });
      return await pass(request);
    },
    [Symbol.dispose]: () => upstream.connection[Symbol.dispose](),
  };
}

interface Upstream {
  readonly server: string;
  readonly connection: Connection;
}

/** Without a client certificate, which would lend every caller the rights of this process. */
function openUpstream(config: KubeConfig): Upstream {
  return { server: config.server, connection: openDirect({ ...config, clientCertificate: undefined }) };
}

async function send(connection: Connection, request: Request, signal: AbortSignal): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return await connection.fetch(pathname + search, {
    method: request.method,
    headers: pick(request.headers, REQUEST_HEADERS),
    ...(request.body && { body: await request.bytes() }),
    redirect: "manual",
    signal,
  });
}

function pick(headers: Headers, names: readonly string[]): [string, string][] {
  return names.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
}
