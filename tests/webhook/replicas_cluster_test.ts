import "reflect-metadata"; // the X.509 library needs it
import * as x509 from "@peculiar/x509";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { KubeClient } from "../../lib/kube/client/client.ts";
import { CERTIFICATE_TERMS } from "../../lib/webhook/certificate_plan.ts";
import { type Certificates, renewCertificates } from "../../lib/webhook/certificates.ts";
import { registrationName } from "../../lib/webhook/registration.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { eventually } from "../cluster/eventually.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { startBalancer } from "./balancer.ts";
import {
  allSettled,
  complaint,
  create,
  GROUP,
  heldNumbers,
  installWebhook,
  MANIFESTS,
  network,
  POD_REVIEW,
  putTenantConfig,
  soon,
} from "./webhook_cluster.ts";
import { freePort, startWebhook } from "./webhook_process.ts";

const cluster = await startCluster();
const kubeconfig = await installWebhook(cluster);
const admin = cluster.client();
Deno.test.afterAll(async () => {
  admin[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const DAY_MS = 24 * 60 * 60_000;
const SECRET = { group: "", version: "v1", plural: "secrets", namespace: "kube-system", name: "danm-webhook" };
const REGISTRATION = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  name: registrationName(GROUP),
};

interface Registration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle: string } }[];
}

async function registeredAuthorities(client: KubeClient): Promise<string> {
  const { webhooks } = await client.get<Registration>(REGISTRATION, soon());
  return atob(webhooks[0]!.clientConfig.caBundle);
}

async function storeCertificates({ authoritiesPem, authorityKeyPem, certPem, keyPem }: Certificates): Promise<void> {
  const stringData = { "ca.crt": authoritiesPem, "ca.key": authorityKeyPem, "tls.crt": certPem, "tls.key": keyPem };
  await admin.patch(SECRET, { type: "merge", body: { stringData } }, soon());
}

async function storedCertificates(): Promise<Certificates> {
  const { data } = await admin.get<{ data: Record<string, string> }>(SECRET, soon());
  const text = (key: string) => atob(data[key]!);
  return {
    authoritiesPem: text("ca.crt"),
    authorityKeyPem: text("ca.key"),
    certPem: text("tls.crt"),
    keyPem: text("tls.key"),
  };
}

/** A network that the webhook has to judge. */
async function judge(own: Cluster, name: string): Promise<void> {
  const namespace = await own.createNamespace();
  await create(admin, network("DanmNet", namespace, name, { NetworkID: "a", Options: { cidr: "10.0.0.0/24" } }));
  assertStringIncludes(
    await complaint(
      create(admin, network("DanmNet", namespace, "bad", { NetworkID: "a", Options: { alloc: "AAAA" } })),
    ),
    "(rule 5)",
  );
}

Deno.test("a webhook replaces an old authority, and both are trusted meanwhile", async () => {
  const port = freePort();
  const made =
    (await renewCertificates(undefined, ["127.0.0.1"], new Date(Date.now() - 500 * DAY_MS), CERTIFICATE_TERMS))!;
  await storeCertificates(made);
  await using webhook = startWebhook(cluster, { kubeconfig, port });
  await webhook.ready();
  await judge(cluster, "a");
  const { authoritiesPem, certPem } = await storedCertificates();
  assertEquals(x509.PemConverter.decode(authoritiesPem).length, 2);
  assertStringIncludes(authoritiesPem, made.authoritiesPem.trim());
  assert(certPem !== made.certPem);
  assertEquals(await registeredAuthorities(admin), authoritiesPem);
});

Deno.test("a webhook takes a new certificate without a restart and without a failed admission", async () => {
  await using webhook = startWebhook(cluster, { kubeconfig });
  await webhook.ready();
  const before = await storedCertificates();
  const names = ["127.0.0.1", "other.test"];
  const renewed = (await renewCertificates(before, names, new Date(), CERTIFICATE_TERMS))!;
  assertEquals(renewed.authoritiesPem, before.authoritiesPem);
  const stop = new AbortController();
  const judging = (async () => {
    let judged = 0;
    for (; !stop.signal.aborted; judged++) await judge(cluster, "a");
    return judged;
  })();
  await storeCertificates(renewed);
  await eventually("see the new certificate in use", async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: webhook.port });
    using tls = await Deno.startTls(connection, { hostname: "other.test", caCerts: [renewed.authoritiesPem] });
    await tls.handshake();
    return true;
  }, 300);
  await judge(cluster, "after");
  stop.abort();
  assert(await judging > 3);
});

Deno.test("a webhook mends its configurations, and gets its Secret back when somebody empties it", async () => {
  await using webhook = startWebhook(cluster, { kubeconfig });
  await webhook.ready();
  const before = await storedCertificates();
  await admin.patch(SECRET, { type: "merge", body: { data: null } }, soon());
  const [registration] = (await admin.get<Registration>(REGISTRATION, soon())).webhooks;
  await admin.patch(REGISTRATION, { type: "merge", body: { webhooks: [registration] } }, soon());
  await eventually("see both again", async () => {
    assertEquals(await storedCertificates(), before);
    return (await admin.get<Registration>(REGISTRATION, soon())).webhooks.length === 2 || undefined;
  }, 300);
  await judge(cluster, "a");
});

Deno.test("two replicas share one certificate, and give no number twice, though one is killed again and again", async () => {
  const namespace = await cluster.createNamespace();
  const ports = [freePort(), freePort()] as const;
  using balancer = startBalancer(ports);
  const args = [`--url=https://127.0.0.1:${balancer.port}`];
  await admin.patch(SECRET, { type: "merge", body: { data: null } }, soon());
  await using steady = startWebhook(cluster, { kubeconfig, port: ports[0], args });
  let mortal = startWebhook(cluster, { kubeconfig, port: ports[1], args });
  await Promise.all([steady.ready(), mortal.ready()]);
  await judge(cluster, "a");
  await putTenantConfig(admin, "config", { hostDevices: [{ name: "ens4", vniType: "vlan", vniRange: "1-400" }] });
  const stop = new AbortController();
  const killing = (async () => {
    while (!stop.signal.aborted) {
      await mortal[Symbol.asyncDispose]();
      mortal = startWebhook(cluster, { kubeconfig, port: ports[1], args });
      await mortal.ready();
    }
  })();
  let made = 0;
  let failed = 0;
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const object = network("TenantNetwork", namespace, `n-${round}-${index}`, { NetworkID: "a" });
      await create(admin, object).then(() => made++, () => failed++);
    }));
  }
  stop.abort();
  await killing;
  await mortal[Symbol.asyncDispose]();
  assert(made > 0, `all of ${failed} failed`);
  const stored = await allSettled(admin, namespace);
  const numbers = stored.map(({ metadata, spec }) => [`vlan ${spec.Options?.vlan} ens4`, metadata.uid] as const);
  assertEquals(new Map(numbers).size, stored.length);
  await eventually("see held what networks have, and nothing else", async () => {
    const held = [...await heldNumbers(admin)].sort();
    return JSON.stringify(held) === JSON.stringify(numbers.toSorted()) || undefined;
  });
});

Deno.test("the API server accepts all manifests, and with them nothing before the webhook is there", async () => {
  await admin.delete(REGISTRATION, soon());
  await admin.delete({ ...REGISTRATION, plural: "mutatingwebhookconfigurations" }, soon());
  await applyManifests(cluster, MANIFESTS);
  const replicas = [
    "get",
    "deployment",
    "danm-webhook",
    "--namespace=kube-system",
    "--output=jsonpath={.spec.replicas}",
  ];
  assertEquals(await cluster.kubectl(...replicas), "2");
  const namespace = await cluster.createNamespace();
  const refusal = await complaint(create(admin, network("TenantNetwork", namespace, "a", { NetworkID: "a" })));
  assertStringIncludes(refusal, "failed calling webhook");
  await admin.delete(REGISTRATION, soon());
  await admin.delete({ ...REGISTRATION, plural: "mutatingwebhookconfigurations" }, soon());
});

Deno.test("a webhook can serve with certificate files, and ends cleanly", async () => {
  const { certPem, keyPem } = await cluster.issueServerCertificate(["127.0.0.1"]);
  const [certFile, keyFile] = [`${cluster.folder}/hook.crt`, `${cluster.folder}/hook.key`];
  await Promise.all([Deno.writeTextFile(certFile, certPem), Deno.writeTextFile(keyFile, keyPem)]);
  const args = [`--cert-file=${certFile}`, `--key-file=${keyFile}`, "--register=false"];
  await using webhook = startWebhook(cluster, { kubeconfig, args });
  await webhook.ready();
  using client = Deno.createHttpClient({ caCerts: [cluster.caPem] });
  const ask = async (path: string, init: RequestInit) =>
    (await fetch(`https://127.0.0.1:${webhook.port}${path}`, { client, ...init })).status;
  assertEquals(await ask("/validate", { method: "POST", body: "{" }), 400);
  assertEquals(await ask("/validate", { method: "GET" }), 405);
  assertEquals(await ask("/nothing", { method: "POST", body: "{}" }), 404);
  assertEquals(await ask("/mutate", { method: "POST", body: " ".repeat(3 * 1024 * 1024 + 1) }), 413);
  assertEquals(await ask("/validate", { method: "POST", body: POD_REVIEW }), 400);
  webhook.kill("SIGTERM");
  assertEquals((await webhook.status).code, 0);
});
