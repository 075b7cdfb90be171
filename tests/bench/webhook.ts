/** How many admissions a second one webhook judges, and how long each takes. */

import { startCluster } from "../cluster/start_cluster.ts";
import { GROUP, installWebhook, network, soon } from "../webhook/webhook_cluster.ts";
import { freePort, startWebhook } from "../webhook/webhook_process.ts";
import { meetBadClients } from "./bad_clients.ts";
import { residentMemory } from "./resident_memory.ts";
import { quantile, report } from "./series.ts";

const RATE = 500;
const SECONDS = 20;

/** As many mutating requests as an API server has under way by default; by HTTP/1.1 each has a connection of its own. */
const MAX_PENDING = 200;

/** Each lasts as long as the slowest client is waited for. */
const BAD_ROUNDS = 8;

/** Sends requests at an even rate, however long the answers take, as an API server does. */
export async function benchWebhook(): Promise<void> {
  await using cluster = await startCluster();
  const port = freePort();
  const { certPem, keyPem } = await cluster.issueServerCertificate(["127.0.0.1"]);
  const [certFile, keyFile] = [`${cluster.folder}/hook.crt`, `${cluster.folder}/hook.key`];
  await Promise.all([Deno.writeTextFile(certFile, certPem), Deno.writeTextFile(keyFile, keyPem)]);
  const args = [`--cert-file=${certFile}`, `--key-file=${keyFile}`, "--register=false"];
  await using webhook = startWebhook(cluster, { kubeconfig: await installWebhook(cluster), port, args });
  await webhook.ready();
  using client = Deno.createHttpClient({ caCerts: [cluster.caPem] });
  const send = (path: string, index: number) => judge(`https://127.0.0.1:${port}${path}`, client, index);
  for (let index = 0; index < 200; index++) await send("/validate", index); // until the code is compiled
  for (const path of ["/validate", "/mutate"]) {
    const before = await residentMemory(webhook);
    const durations: number[] = [];
    let wrong = 0;
    const start = performance.now();
    const pending = new Set<Promise<void>>();
    for (let index = 0; index < RATE * SECONDS; index++) {
      const due = start + index * 1000 / RATE;
      const wait = due - performance.now();
      if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
      if (pending.size >= MAX_PENDING) await Promise.race(pending);
      const request = send(path, index).then((isRight) => {
        durations.push(performance.now() - due);
        if (!isRight) wrong++;
        pending.delete(request);
      });
      pending.add(request);
    }
    await Promise.all(pending);
    const seconds = (performance.now() - start) / 1000;
    const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(durations, q).toFixed(1));
    report(
      `${path}, ${RATE}/s asked for`,
      `${Math.round(durations.length / seconds)}/s`,
      `p50 ${p50}`,
      `p99 ${p99}`,
      `max ${max}`,
    );
    report("", `${wrong} wrong`, `${before} before`, `${await residentMemory(webhook)} after`);
  }
  for (let round = 1; round <= BAD_ROUNDS; round++) {
    const answers = await meetBadClients({ port, caPem: cluster.caPem, client });
    report(`bad clients, round ${round} of ${BAD_ROUNDS}`, answers, await residentMemory(webhook));
  }
}

/** Asks about a network that is right, or one in ten that is wrong. Resolves to whether the verdict is what it must be. */
async function judge(url: string, client: Deno.HttpClient, index: number): Promise<boolean> {
  const isWrong = index % 10 === 0 && url.endsWith("/validate");
  const cidr = `10.${index % 250}.0.0/24`;
  const object = network("DanmNet", "default", `n${index}`, {
    NetworkID: "a",
    NetworkType: "ipvlan",
    Options: { host_device: "ens4", cidr, routes: { "0.0.0.0/0": isWrong ? "192.168.0.1" : `10.${index % 250}.0.1` } },
  });
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: String(index),
      kind: { group: GROUP, version: "v1", kind: "DanmNet" },
      operation: "CREATE",
      namespace: "default",
      userInfo: { username: "bench" },
      object,
    },
  };
  const answer = await fetch(url, { client, method: "POST", body: JSON.stringify(review), ...soon() });
  const text = await answer.text();
  return answer.status === 200 && JSON.parse(text).response.allowed === !isWrong;
}
