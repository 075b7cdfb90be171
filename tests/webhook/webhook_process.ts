/** Running webhooks for tests, as processes with the permissions they are shipped with. */

import { fromFileUrl } from "@std/path/posix";
import type { LogFields } from "../../lib/host/log.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** A running webhook. Disposing of it kills it. */
export interface WebhookProcess extends AsyncDisposable {
  /** Where it serves HTTPS. */
  readonly port: number;
  readonly log: readonly LogFields[];
  readonly status: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
  /** Waits until it is ready: it serves, and is registered. */
  ready(): Promise<void>;
  /** What `/metrics` says. */
  metrics(): Promise<string>;
  /** Its resident memory. */
  residentMegabytes(): Promise<number>;
}

export interface WebhookOptions {
  readonly kubeconfig?: string;
  readonly port?: number;
  /** Further flags; `--url` unless it is among them. */
  readonly args?: readonly string[];
}

/** A port that nobody listens on, below those that the kernel gives to outgoing connections. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Starts a webhook that `cluster` is told to call. */
export function startWebhook(cluster: Cluster, options: WebhookOptions = {}): WebhookProcess {
  const { kubeconfig = cluster.kubeconfig, port = freePort(), args = [] } = options;
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--listen=127.0.0.1:${port}`,
    "--metrics-address=127.0.0.1:0",
    `--url=https://127.0.0.1:${port}`,
    ...args,
  ];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=webhook", "--no-prompt", "cmd/webhook/main.ts", ...flags],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log: LogFields[] = [];
  const reading = readLines(child.stderr, (line) => log.push(line.startsWith("{") ? JSON.parse(line) : { raw: line }));
  const get = async (path: string) => {
    const { metricsAddress } = await eventually(
      "see the webhook start",
      () => log.find(({ message }) => message === "started"),
    );
    return await fetch(`http://${metricsAddress}${path}`, { signal: AbortSignal.timeout(10_000) });
  };
  const metrics = async () => await (await get("/metrics")).text();
  return {
    port,
    log,
    status: child.status,
    kill: (signal) => child.kill(signal),
    async ready() {
      await eventually("see the webhook ready", async () => {
        const response = await get("/readyz");
        const reasons = await response.text();
        if (response.status !== 200) throw new Error(`${reasons}\n${JSON.stringify(log.slice(-3))}`);
        return true;
      });
    },
    metrics,
    async residentMegabytes() {
      const [, bytes] = /^process_resident_memory_bytes (.*)$/m.exec(await metrics()) ?? [];
      return Math.round(Number(bytes) / 1e6);
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await Promise.all([child.status, reading]);
    },
  };
}

async function readLines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  }
}
