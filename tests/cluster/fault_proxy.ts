import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import type { Cluster, ServiceAccount } from "./cluster.ts";
import { createFaultPlan, type Fault, type FaultAction, matches, type ProxiedRequest } from "./fault.ts";

/**
 * Stands in front of an API server and breaks what it is told to break. Requests without a bearer token are passed on
 * as the administrator: a client certificate ends here.
 */
export interface FaultProxy extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`, with a certificate that clients of the cluster trust. */
  readonly url: string;
  /** Path of a kubeconfig that leads here, with a client certificate. */
  readonly kubeconfig: string;
  kubeconfigFor(account: ServiceAccount): Promise<string>;
  /** Adds a fault. Of several that befall a request, the one injected first counts. */
  inject(fault: Fault): void;
  /** Removes all faults and forgets all requests. */
  reset(): void;
  /** All requests since the start or `reset()`, in order of arrival, those that met a fault included. */
  readonly requests: readonly ProxiedRequest[];
  /** Resolves when what has arrived by now is passed on or broken off, although its client may have gone long before. */
  idle(): Promise<void>;
  /** How many requests had this method and path. */
  count(wanted: Pick<Fault, "method" | "path">): number;
}

const ADMIN = { commonName: "admin", organizations: ["system:masters"] };

/** Starts a proxy in this process. */
export async function startFaultProxy(cluster: Cluster): Promise<FaultProxy> {
  const { certPem: cert, keyPem: key } = await cluster.issueServerCertificate(["127.0.0.1"]);
  const plan = createFaultPlan();
  const requests: ProxiedRequest[] = [];
  const upstream = openUpstream(cluster);

  const underWay = new Set<Promise<void>>();

  const server = createServer({ cert, key }, (request, response) => {
    const seen = { method: request.method ?? "", path: request.url ?? "" };
    requests.push(seen);
    const served = serve(plan.next(seen), request, response, upstream.pass)
      .catch(() => void request.socket.destroy()) // either side went away: so does the other
      .finally(() => underWay.delete(served));
    underWay.add(served);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    kubeconfig: await cluster.writeKubeconfig({ certificate: await cluster.issueClientCertificate(ADMIN) }, url),
    kubeconfigFor: (account) => cluster.kubeconfigFor(account, url),
    inject: (fault) => plan.add(fault),
    reset() {
      plan.clear();
      requests.length = 0;
    },
    requests,
    idle: async () => void await Promise.all(underWay),
    count: (wanted) => requests.filter((request) => matches(wanted, request)).length,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      upstream[Symbol.dispose]();
    },
  };
}

type Pass = (request: IncomingMessage, body?: Blob) => Promise<Response>;

async function serve(
  action: FaultAction | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  pass: Pass,
): Promise<void> {
  switch (action?.kind) {
    case "answer":
      return answer(action, response);
    case "page":
      return void response.writeHead(404, { "content-type": "text/plain" }).end("404 page not found\n");
    case "hang":
      return; // closing the proxy, or the client, ends it
    case "dropBefore":
      request.socket.destroy();
      return;
    case "dropAfter":
      await (await pass(request)).arrayBuffer();
      request.socket.destroy();
      return;
    case "hold":
    case "delay": {
      const body = await readBody(request); // while the client is there
      await (action.kind === "hold" ? action.until : new Promise((resolve) => setTimeout(resolve, action.ms)));
      return await relay(await pass(request, body), response);
    }
  }
  await relay(await pass(request), response);
}

async function readBody(request: IncomingMessage): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return new Blob(chunks);
}

/** Source: Kubernetes API, meta/v1 Status. */
function answer({ status, reason, retryAfterS }: FaultAction & { kind: "answer" }, response: ServerResponse): void {
  const common = { kind: "Status", apiVersion: "v1", status: "Failure", code: status, message: "injected fault" };
  // A 404 that names nothing would not say that an object is missing.
  const body = status === 404 ? { ...common, reason: "NotFound", details: { name: "a" } } : { ...common, reason };
  response.writeHead(status, {
    "content-type": "application/json",
    ...(retryAfterS !== undefined && { "retry-after": String(retryAfterS) }),
  });
  response.end(JSON.stringify(body));
}

/** Passes a request on, over connections of the proxy's own. */
function openUpstream(cluster: Cluster): Disposable & { readonly pass: Pass } {
  const { certPem: cert, keyPem: key } = loadKubeconfig(cluster.kubeconfig).clientCertificate!;
  const asAdmin = Deno.createHttpClient({ caCerts: [cluster.caPem], cert, key });
  const asNobody = Deno.createHttpClient({ caCerts: [cluster.caPem] });
  return {
    async pass(request, given) {
      const body = given ?? await readBody(request);
      const headers = new Headers();
      for (const name of ["accept", "authorization", "content-type", "user-agent"]) {
        const value = request.headers[name];
        if (typeof value === "string") headers.set(name, value);
      }
      return await fetch(cluster.url + request.url, {
        client: headers.has("authorization") ? asNobody : asAdmin,
        method: request.method ?? "GET",
        headers,
        ...(body.size > 0 && { body }),
      });
    },
    [Symbol.dispose]() {
      asAdmin.close();
      asNobody.close();
    },
  };
}

async function relay(answer: Response, response: ServerResponse): Promise<void> {
  const headers = [...answer.headers].filter(([name]) => !["content-encoding", "content-length"].includes(name));
  response.writeHead(answer.status, Object.fromEntries(headers));
  response.flushHeaders(); // a watch may have nothing to say for long
  if (answer.body === null) return void response.end();
  await pipeline(Readable.fromWeb(answer.body as WebStream), response);
}
