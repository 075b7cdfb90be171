/** What the identity of one node may do to another's records, judged by a real API server. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";
import { apiVersionOf, DEFAULT_API_GROUP, resourceFor } from "../../lib/api/resource.ts";
import { requestToken } from "../../lib/installer/token.ts";
import { createClient, type KubeClient } from "../../lib/kube/client/client.ts";
import { loadKubeconfig } from "../../lib/kube/config/load_kubeconfig.ts";
import { applyManifests } from "../cluster/apply_manifests.ts";
import { eventually } from "../cluster/eventually.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { installCrds } from "../crds/install_sets.ts";
import { createNodeObject } from "../installer/installed_node.ts";

const cluster = await startCluster(); // of its own: others' tokens are bound to no node
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const WEEK = 604_800;
const signal = AbortSignal.timeout(300_000);
const type = resourceFor("DanmEp", DEFAULT_API_GROUP);
const [ours, theirs] = ["a", "b"].map((name) => `${name}-${crypto.randomUUID()}`) as [string, string];

const admin = cluster.client();
Deno.test.afterAll(() => admin[Symbol.dispose]());
await installCrds(cluster, DEFAULT_API_GROUP, "lightweight");
await applyManifests(
  cluster,
  ...["danm/rbac", "danm/policy", "netwatcher/rbac", "installer/rbac"].map((file) => `${ROOT}/manifests/${file}.yaml`),
);
for (const node of [ours, theirs]) await createNodeObject(cluster, node);
const namespace = await cluster.createNamespace();

/** A client with a token of the service account, which ends with the node. */
async function clientOf(name: string, nodeName: string | undefined): Promise<KubeClient> {
  const token = await requestToken(admin, { namespace: "kube-system", name, nodeName }, WEEK, signal);
  return createClient(loadKubeconfig(await cluster.writeKubeconfig({ token })));
}

function endpoint(name: string, Host: string) {
  const network = { NetworkName: "n", NetworkType: "ipvlan", NetworkUID: "u", apiType: "DanmNet" };
  const addresses = { Address: "none", AddressIPv6: "none", MacAddress: "", proutes: {}, proutes6: {} };
  const spec = { ...network, EndpointID: "e", Host, Pod: "p", PodUID: "u", CID: "c", netns: "/n" };
  const head = { apiVersion: apiVersionOf(DEFAULT_API_GROUP), kind: "DanmEp", metadata: { name, namespace } };
  return { ...head, spec: { ...spec, Interface: { Name: "eth0", ...addresses, DeviceID: "" } } };
}

const create = (client: KubeClient, name: string, host: string) =>
  client.create({ ...type, namespace }, endpoint(name, host), { signal });
const remove = (client: KubeClient, name: string) => client.delete({ ...type, namespace, name }, { signal });

Deno.test("danm and netwatcher of a node write and delete the DanmEps of that node, and no other's", async () => {
  using danm = await clientOf("danm", ours);
  using watcher = await clientOf("netwatcher", ours);
  using nobody = await clientOf("danm", undefined);
  await eventually("see the policy at work", async () => {
    const name = `try-${crypto.randomUUID()}`;
    return await create(danm, name, theirs).then(
      () => undefined,
      (error) => String(error).includes("node-endpoints") || undefined,
    );
  });
  const refusal = await assertRejects(() => create(danm, "x", theirs));
  assertStringIncludes(String(refusal), `Host is ${theirs}, must be the node that the token is bound to: ${ours}`);
  const unbound = await assertRejects(() => create(nobody, "x", ours));
  assertStringIncludes(String(unbound), "must be the node that the token is bound to: none");

  for (const client of [danm, watcher]) {
    await create(danm, "mine", ours);
    await create(admin, "other", theirs);
    await create(admin, "similar", `${ours}2`);
    await create(admin, "original", `${ours}.example.com`);
    for (const name of ["other", "similar"]) {
      assertStringIncludes(String(await assertRejects(() => remove(client, name))), "the token is bound to", name);
      await remove(admin, name);
    }
    for (const name of ["mine", "original"]) await remove(client, name);
  }
  const left = await admin.list<{ metadata: { name: string } }>({ ...type, namespace }, { signal });
  assertEquals(left.items.filter(({ metadata }) => !metadata.name.startsWith("try-")), []);
});

Deno.test("an installer gets a token of danm for its own node, and no other", async () => {
  using installer = await clientOf("danm-installer", ours);
  const ask = (nodeName: string | undefined) =>
    requestToken(installer, { namespace: "kube-system", name: "danm", nodeName }, WEEK, signal);
  await eventually("see the policy at work", () => ask(theirs).then(() => undefined, () => true));
  for (const node of [theirs, undefined]) {
    const refusal = await assertRejects(() => ask(node));
    assertStringIncludes(String(refusal), `boundObjectRef must be the Node that the installer's own token is bound to`);
  }
  assert((await ask(ours)).length > 0);
});
