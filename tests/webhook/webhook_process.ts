/** Running webhooks for tests, as processes with the permissions they are shipped with. */

import type { Cluster } from "../cluster/cluster.ts";
import { type DaemonProcess, startDaemon } from "../runtime/daemon_process.ts";

/** A running webhook. Disposing of it kills it. */
export interface WebhookProcess extends DaemonProcess {
  /** Where it serves HTTPS. */
  readonly port: number;
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
    `--url=https://127.0.0.1:${port}`,
    ...args,
  ];
  return { ...startDaemon("webhook", ...flags), port };
}
