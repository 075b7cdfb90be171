/** Clients that a webhook has to put up with, and what they are answered. */

import { BODY_LIMITS } from "../../lib/webhook/admission_app.ts";
import { POD_REVIEW } from "../webhook/webhook_cluster.ts";

/** Where the webhook is, and whom to trust for it. */
export interface Target {
  readonly port: number;
  readonly caPem: string;
  readonly client: Deno.HttpClient;
}

/** One kind of client: how many of them come at a time, and the status they are to get. */
interface BadClient {
  readonly name: string;
  readonly count: number;
  readonly status: number;
  call(target: Target): Promise<number>;
}

const TOO_LARGE = " ".repeat(BODY_LIMITS.maxBytes + 1);

const BAD_CLIENTS: readonly BadClient[] = [
  { name: "malformed", count: 200, status: 400, call: (target) => post(target, "/validate", "{") },
  { name: "wrong kind", count: 200, status: 400, call: (target) => post(target, "/mutate", POD_REVIEW) },
  { name: "wrong path", count: 200, status: 404, call: (target) => post(target, "/nothing", "{}") },
  { name: "too large", count: 20, status: 413, call: (target) => post(target, "/validate", TOO_LARGE) },
  { name: "slow", count: 50, status: 408, call: slow },
];

/** Lets all of them come at once. Resolves to a line that says how many of each were answered as they must be. */
export async function meetBadClients(target: Target): Promise<string> {
  const lines = await Promise.all(BAD_CLIENTS.map(async ({ name, count, status, call }) => {
    const answers = await Promise.all(Array.from({ length: count }, () => call(target).catch(() => 0)));
    return `${name} ${answers.filter((answer) => answer === status).length}/${count}`;
  }));
  return lines.join(", ");
}

async function post({ port, client }: Target, path: string, body: string): Promise<number> {
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(`https://127.0.0.1:${port}${path}`, { client, method: "POST", body, signal });
  await response.body?.cancel();
  return response.status;
}

/** Begins a request and never ends it. */
async function slow({ port, caPem }: Target): Promise<number> {
  using connection = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [caPem] });
  const head = "POST /validate HTTP/1.1\r\nhost: webhook\r\ncontent-length: 1000\r\n\r\n{";
  await connection.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(1024);
  const count = await connection.read(buffer) ?? 0;
  return Number(/^HTTP\/1\.1 ([0-9]{3}) /.exec(new TextDecoder().decode(buffer.subarray(0, count)))?.[1]);
}
