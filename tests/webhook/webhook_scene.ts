import type { KubeClient } from "../../lib/kube/client/client.ts";
import { type OwnCluster, startCluster } from "../cluster/start_cluster.ts";
import { installWebhook } from "./webhook_cluster.ts";
import { startWebhook, type WebhookProcess } from "./webhook_process.ts";

/** A cluster that asks a webhook, which has the rights it is shipped with, and an administrator. */
export interface WebhookScene extends AsyncDisposable {
  readonly cluster: OwnCluster;
  readonly webhook: WebhookProcess;
  readonly admin: KubeClient;
}

/** Starts all of it, and waits until the webhook is ready. */
export async function openWebhookScene(): Promise<WebhookScene> {
  await using undo = new AsyncDisposableStack();
  const cluster = undo.use(await startCluster());
  const webhook = undo.use(startWebhook(cluster, { kubeconfig: await installWebhook(cluster) }));
  await webhook.ready();
  const admin = undo.use(cluster.client());
  const owned = undo.move();
  return { cluster, webhook, admin, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
