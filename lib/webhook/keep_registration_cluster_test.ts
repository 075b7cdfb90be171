import { assertEquals, assertRejects } from "@std/assert";
import { KubeError } from "../kube/client/kube_error.ts";
import { fencedClient } from "../kube/client/fenced_client.ts";
import { startCluster } from "../../tests/cluster/start_cluster.ts";
import { keepRegistration } from "./keep_registration.ts";
import { type Endpoint, registrations } from "./registration.ts";

const cluster = await startCluster(); // of its own: what is registered would be asked about everybody's networks
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const soon = () => AbortSignal.timeout(30_000);
const SERVICE: Endpoint = { namespace: "kube-system", name: "danm-webhook" };
const [, validating] = registrations(SERVICE, "danm.k8s.io", "first");
const REF = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "validatingwebhookconfigurations",
  name: validating!.metadata.name,
};

interface Stored {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly caBundle?: string; readonly url?: string; readonly service?: object };
    readonly namespaceSelector?: object;
  }[];
}

async function stored(): Promise<Stored["webhooks"]> {
  return (await client.get<Stored>(REF, { signal: soon() })).webhooks;
}

const readOnly = fencedClient(client, () => {
  throw new Error("it wrote");
});

Deno.test("keepRegistration() fills what is shipped, keeps what others put there, and writes only when it must", async () => {
  const [, shipped] = registrations(SERVICE, "danm.k8s.io", undefined);
  const { plural, group, version } = REF;
  await client.create({ plural, group, version }, shipped!, { signal: soon() });
  assertEquals((await stored())[0]!.clientConfig.caBundle, undefined);
  await assertRejects(() => keepRegistration(readOnly, validating!, soon()), Error, "it wrote");
  await keepRegistration(client, validating!, soon());
  assertEquals((await stored()).map(({ clientConfig }) => atob(clientConfig.caBundle!)), ["first", "first"]);
  await keepRegistration(readOnly, validating!, soon());

  const namespaceSelector = { matchLabels: { a: "b" } };
  const webhooks = (await stored()).map((webhook) => ({ ...webhook, namespaceSelector }));
  await client.patch(REF, { type: "merge", body: { webhooks } }, { signal: soon() });
  await keepRegistration(readOnly, validating!, soon());
  const [, renewed] = registrations(SERVICE, "danm.k8s.io", "second");
  await keepRegistration(client, renewed!, soon());
  const [webhook] = await stored();
  assertEquals([atob(webhook!.clientConfig.caBundle!), webhook!.namespaceSelector], ["second", namespaceSelector]);

  await keepRegistration(readOnly, shipped!, soon()); // whoever knows of no authority leaves it to others
  const url = "https://127.0.0.1:8443";
  const [, outside] = registrations({ url }, "danm.k8s.io", "second");
  await keepRegistration(client, outside!, soon());
  const [moved] = await stored();
  assertEquals([moved!.clientConfig.url, moved!.clientConfig.service], [`${url}/validate`, undefined]);
});

Deno.test("keepRegistration() with the rights that are shipped says what to do when nothing is there", async () => {
  await client.delete(REF, { signal: soon() });
  const forbidden = { ...client, create: () => Promise.reject(new KubeError("POST", 403, "Forbidden", "no")) };
  await assertRejects(
    () => keepRegistration(forbidden, validating!, soon()),
    Error,
    "must be applied with the webhook's",
  );
  await keepRegistration(client, validating!, soon());
  await keepRegistration(readOnly, validating!, soon());
});
