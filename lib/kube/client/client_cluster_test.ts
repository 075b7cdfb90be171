import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { startFaultProxy } from "../../../tests/cluster/fault_proxy.ts";
import { sharedCluster } from "../../../tests/cluster/shared_cluster.ts";
import { createClient } from "./client.ts";
import {
  isAlreadyExists,
  isConflict,
  isInvalid,
  isNotFound,
  isNotServed,
  KubeError,
  KubeUnreachableError,
} from "./kube_error.ts";
import { listAll } from "./list_all.ts";
import { loadKubeconfig } from "../config/load_kubeconfig.ts";
import { jsonPointer } from "./patch.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

const soon = () => ({ signal: AbortSignal.timeout(20_000) });
const configMaps = async () => ({
  group: "",
  version: "v1",
  plural: "configmaps",
  namespace: await cluster.createNamespace(),
});

/** Who the API server thinks the user of a kubeconfig is. Source: Kubernetes API, SelfSubjectReview. */
async function userOf(kubeconfig: string): Promise<string> {
  using client = createClient(loadKubeconfig(kubeconfig));
  const reviews = { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" };
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await client.create<{ status: { userInfo: { username: string } } }>(reviews, review, soon());
  return answer.status.userInfo.username;
}

Deno.test("createClient() authenticates with an embedded client certificate", async () => {
  const certificate = await cluster.issueClientCertificate({ commonName: "data-user" });
  assertEquals(await userOf(await cluster.writeKubeconfig({ certificate })), "data-user");
});

Deno.test("createClient() authenticates with client certificate files", async () => {
  const { certPem, keyPem } = await cluster.issueClientCertificate({ commonName: "file-user" });
  const name = crypto.randomUUID();
  await Deno.writeTextFile(`${cluster.folder}/${name}.crt`, certPem);
  await Deno.writeTextFile(`${cluster.folder}/${name}.key`, keyPem);
  const user = { certificateFile: `${name}.crt`, keyFile: `${cluster.folder}/${name}.key` };
  assertEquals(await userOf(await cluster.writeKubeconfig(user)), "file-user");
});

Deno.test("createClient() authenticates with a bearer token", async () => {
  const account = { namespace: await cluster.createNamespace(), name: "danm" };
  const expected = `system:serviceaccount:${account.namespace}:danm`;
  assertEquals(await userOf(await cluster.kubeconfigFor(account)), expected);
});

Deno.test("createClient() reads a token file again when the server refuses the old token", async () => {
  const account = { namespace: await cluster.createNamespace(), name: "danm" };
  const { bearer } = loadKubeconfig(await cluster.kubeconfigFor(account)) as { bearer: { token: string } };
  const tokenFile = await Deno.makeTempFile({ dir: cluster.folder });
  await Deno.writeTextFile(tokenFile, "expired");
  using client = createClient(loadKubeconfig(await cluster.writeKubeconfig({ tokenFile })));
  const self = { group: "", version: "v1", plural: "pods", namespace: account.namespace };
  assertEquals((await assertRejects(() => client.list(self, soon()), KubeError)).status, 401);
  await Deno.writeTextFile(tokenFile, bearer.token);
  assertEquals((await assertRejects(() => client.list(self, soon()), KubeError)).status, 403); // known, without rights
});

Deno.test("createClient() refuses a key that is not the certificate's", async () => {
  const [one, other] = await Promise.all(
    ["a", "b"].map((commonName) => cluster.issueClientCertificate({ commonName })),
  );
  const certificate = { certPem: one!.certPem, keyPem: other!.keyPem };
  const config = loadKubeconfig(await cluster.writeKubeconfig({ certificate }));
  const error = assertThrows(() => createClient(config), Error);
  assertEquals(error.message.startsWith(`Cannot use the client certificate for API server ${cluster.url}: `), true);
});

Deno.test("KubeClient makes, reads, replaces and deletes an object", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const map = { ...maps, name: "a" };
  const made = await client.create<ConfigMap>(maps, { metadata: { name: "a" }, data: { k: "1" } }, soon());
  assertEquals((await client.get<ConfigMap>(map, soon())).data, { k: "1" });
  assertEquals((await client.update<ConfigMap>(map, { ...made, data: { k: "2" } }, soon())).data, { k: "2" });
  await client.delete(map, soon());
  assert(isNotFound(await failure(client.get(map, soon()))));
});

Deno.test("KubeClient gives refusals their meaning", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const map = { ...maps, name: "a" };
  const made = await client.create<ConfigMap>(maps, { metadata: { name: "a" } }, soon());
  await client.update(map, { ...made, data: { k: "2" } }, soon());

  const absent = await failure(client.get({ ...maps, name: "b" }, soon()));
  assert(isNotFound(absent));
  assertEquals(
    absent?.message,
    `Cannot GET /api/v1/namespaces/${maps.namespace}/configmaps/b: configmaps "b" not found (404 NotFound)`,
  );
  assert(isAlreadyExists(await failure(client.create(maps, { metadata: { name: "a" } }, soon()))));
  assert(isConflict(await failure(client.update(map, { ...made, data: { k: "3" } }, soon()))));
  assert(isConflict(await failure(client.delete(map, { ...soon(), preconditions: { uid: "other" } }))));
  assert(isInvalid(await failure(client.create(maps, { metadata: { name: "A!" } }, soon()))));
});

const NOT_SERVED_TYPES = [
  ["a group that nobody serves", { group: "no.such", version: "v1", plural: "things" }, "things of no.such/v1"],
  ["a type of a known group", { group: "apps", version: "v1", plural: "things" }, "things of apps/v1"],
  ["another version", { group: "apps", version: "v7", plural: "deployments" }, "deployments of apps/v7"],
  ["a core type", { group: "", version: "v1", plural: "things" }, "things of v1"],
] as const;

for (const [title, type, name] of NOT_SERVED_TYPES) {
  Deno.test(`KubeClient tells a type that is not served from an object that is not there: ${title}`, async () => {
    using client = cluster.client();
    const namespace = await cluster.createNamespace();
    const calls = [client.list(type, soon()), client.get({ ...type, namespace, name: "a" }, soon())];
    for (const error of await Promise.all(calls.map(failure))) {
      assert(isNotFound(error) && isNotServed(error), error?.message);
      assertStringIncludes(`${error}`, `the API server does not serve ${name} (404 TypeNotServed)`);
    }
    const watch = client.watch(type, soon());
    assert(isNotServed(await failure(watch.next())));
  });
}

Deno.test("KubeClient takes the 404 page of a proxy for no answer about an object or a type", async () => {
  await using proxy = await startFaultProxy(cluster);
  using client = createClient(loadKubeconfig(proxy.kubeconfig));
  const maps = await configMaps();
  const calls = () => [
    client.get({ ...maps, name: "a" }, soon()),
    client.list({ group: "no.such", version: "v1", plural: "things" }, soon()),
    client.delete({ ...maps, name: "a" }, soon()),
  ];
  for (const path of [undefined, /configmaps|things/, /^\/apis?(\/|$)/]) {
    proxy.reset();
    proxy.inject({ ...(path && { path }), action: { kind: "page" } });
    const errors = await Promise.all(calls().map(failure));
    const isCertain = path?.test("things") ?? false; // discovery gets through, so what is not served is known
    assertEquals(errors.map(isNotFound), [false, isCertain, false], `${path}`);
    assertEquals(errors.map((error) => (error as KubeError).status), [404, 404, 404]);
  }
});

Deno.test("KubeClient takes what is no list for no list", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => Response.json({ hello: "world" }));
  await using _server = server;
  const config = { ...loadKubeconfig(cluster.kubeconfig), server: `http://127.0.0.1:${server.addr.port}` };
  using client = createClient({ ...config, caPem: undefined, clientCertificate: undefined });
  const maps = await configMaps();
  const error = await failure(client.list(maps, soon()));
  assert(error instanceof KubeUnreachableError, error?.message);
});

Deno.test("KubeClient deletes only the object that is meant", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const map = { ...maps, name: "a" };
  const { metadata } = await client.create<ConfigMap>(maps, { metadata: { name: "a" } }, soon());
  await client.delete(map, { ...soon(), preconditions: { uid: metadata.uid } });
  assert(isNotFound(await failure(client.get(map, soon()))));
});

Deno.test("KubeClient stores nothing in a dry run", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  await client.create(maps, { metadata: { name: "a" } }, { ...soon(), dryRun: true });
  assert(isNotFound(await failure(client.get({ ...maps, name: "a" }, soon()))));
});

Deno.test("KubeClient patches by merge, by JSON patch and by apply", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const map = { ...maps, name: "a" };
  const key = "danm.k8s.io/x";
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { applied: "1" } };

  const applied = await client.patch<ConfigMap>(map, { type: "apply", body, fieldManager: "test" }, soon());
  assertEquals(applied.data, { applied: "1" });
  const merged = await client.patch<ConfigMap>(
    map,
    { type: "merge", body: { data: { m: "2", applied: null } } },
    soon(),
  );
  assertEquals(merged.data, { m: "2" });
  const operations = [
    { op: "test", path: "/data/m", value: "2" },
    { op: "remove", path: "/data/m" },
    { op: "add", path: "/metadata/annotations", value: {} },
    { op: "add", path: jsonPointer("metadata", "annotations", key), value: "3" },
  ] as const;
  const patched = await client.patch<{ metadata: { annotations: unknown } }>(map, { type: "json", operations }, soon());
  assertEquals(patched.metadata.annotations, { [key]: "3" });
  assert(isInvalid(await failure(client.patch(map, { type: "json", operations }, soon()))));
});

Deno.test("KubeClient tells that another manager owns a field, unless forced", async () => {
  using client = cluster.client();
  const map = { ...await configMaps(), name: "a" };
  const patch = (value: string, fieldManager: string) => ({
    type: "apply" as const,
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: value } },
    fieldManager,
  });
  await client.patch(map, patch("1", "one"), soon());
  assert(isConflict(await failure(client.patch(map, patch("2", "two"), soon()))));
  const forced = await client.patch<ConfigMap>(map, { ...patch("2", "two"), force: true }, soon());
  assertEquals(forced.data, { k: "2" });
});

Deno.test("KubeClient lists by selector, in pages, metadata alone", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const names = Array.from({ length: 7 }, (_, index) => `m${index}`);
  await Promise.all(
    names.map((name) =>
      client.create(
        maps,
        { metadata: { name, labels: { odd: String(Number(name[1]) % 2) } }, data: { k: "v" } },
        soon(),
      )
    ),
  );
  const page = await client.list<ConfigMap>(maps, { ...soon(), limit: 3 });
  assertEquals(page.items.map(({ metadata }) => metadata.name), ["m0", "m1", "m2"]);
  const next = await client.list<ConfigMap>(maps, { ...soon(), limit: 3, continue: page.metadata.continue! });
  assertEquals(next.items.map(({ metadata }) => metadata.name), ["m3", "m4", "m5"]);

  const odd = await client.list<ConfigMap>(maps, { ...soon(), labelSelector: "odd=1", metadataOnly: true });
  assertEquals(odd.items.map(({ metadata, data }) => [metadata.name, data]), [
    ["m1", undefined],
    ["m3", undefined],
    ["m5", undefined],
  ]);
  const none = await client.list<ConfigMap>(maps, { ...soon(), labelSelector: "odd=2", metadataOnly: true });
  assertEquals(none.items, []);
  const one = await client.list<ConfigMap>(maps, { ...soon(), fieldSelector: "metadata.name=m4" });
  assertEquals(one.items.map(({ metadata }) => metadata.name), ["m4"]);
  assertEquals((await listAll<ConfigMap>(client, maps, soon(), 2)).map(({ metadata }) => metadata.name), names);
  const notOlderThan = page.metadata.resourceVersion;
  const known = await listAll<ConfigMap>(client, maps, { ...soon(), notOlderThan }, 2);
  assertEquals(known.map(({ metadata }) => metadata.name), names);
});

Deno.test("KubeClient watches what is, what changes, and how far the server has come", async () => {
  using client = cluster.client();
  const maps = await configMaps();
  const map = { ...maps, name: "a" };
  await client.create(maps, { metadata: { name: "a" } }, soon());
  const changes: string[] = [];
  const bookmarks: string[] = [];
  for await (const { type, object } of client.watch<ConfigMap>(maps, { ...soon(), timeoutSeconds: 4 })) {
    if (type === "BOOKMARK") bookmarks.push(object.metadata.resourceVersion);
    else changes.push(`${type} ${object.data?.["k"]}`);
    if (type === "ADDED") await client.patch(map, { type: "merge", body: { data: { k: "1" } } }, soon());
    if (type === "MODIFIED") await client.delete(map, soon());
  }
  assertEquals(changes, ["ADDED undefined", "MODIFIED 1", "DELETED 1"]);
  assert(bookmarks.length > 0 && bookmarks.every((version) => Number(version) > 0));
});

Deno.test("KubeClient ends a watch when its caller cancels", async () => {
  using client = cluster.client();
  const cancel = new AbortController();
  const watch = client.watch(await configMaps(), { signal: cancel.signal });
  const next = watch.next();
  cancel.abort(new Error("enough"));
  assertEquals((await failure(next))?.message, "enough");
});

async function failure(promise: Promise<unknown>): Promise<Error | undefined> {
  return await promise.then(() => undefined, (error) => error);
}
