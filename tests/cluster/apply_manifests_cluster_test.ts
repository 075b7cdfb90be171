import { assertEquals, assertRejects } from "@std/assert";
import { applyManifests } from "./apply_manifests.ts";
import { sharedCluster } from "./shared_cluster.ts";

const cluster = await sharedCluster();
Deno.test.afterAll(async () => await cluster[Symbol.asyncDispose]());

/** A CRD of a group that no other test uses, and an object of it in a file that sorts before the CRD's. */
async function writeManifests(): Promise<{ folder: string; group: string }> {
  const folder = await Deno.makeTempDir({ dir: cluster.folder });
  const group = `test-${crypto.randomUUID()}.example.com`;
  const schema = { openAPIV3Schema: { type: "object" } };
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Cluster",
      names: { plural: "things", singular: "thing", kind: "Thing" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
  const thing = { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "a" } };
  await Deno.mkdir(`${folder}/nested`);
  await Deno.writeTextFile(`${folder}/nested/a.json`, JSON.stringify(thing));
  await Deno.writeTextFile(`${folder}/z.json`, JSON.stringify(crd));
  return { folder, group };
}

Deno.test("applyManifests() applies a CRD and its objects in any order, and again", async () => {
  const { folder, group } = await writeManifests();
  for (const _ of ["first", "second"]) {
    await applyManifests(cluster, folder);
    assertEquals(await cluster.kubectl("get", `things.${group}`, "--output=name"), `thing.${group}/a\n`);
  }
});

Deno.test("applyManifests() rejects with kubectl's complaint about a manifest that is wrong", async () => {
  const file = await Deno.makeTempFile({ dir: cluster.folder, suffix: ".json" });
  await Deno.writeTextFile(file, JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name: "A!" } }));
  await assertRejects(() => applyManifests(cluster, file), Error, "lowercase RFC 1123");
});
