import { assertEquals } from "@std/assert";
import { isGone } from "../../lib/kube/client/kube_error.ts";
import { commandsWith } from "./commands_with.ts";
import { startCluster } from "./start_cluster.ts";

const NAMESPACES = { group: "", version: "v1", plural: "namespaces" };
const soon = () => ({ signal: AbortSignal.timeout(20_000) });

Deno.test("startCluster() serves the version we test against, under the names asked for, until disposed of", async () => {
  let folder: string;
  let url: string;
  {
    await using cluster = await startCluster({ serverNames: ["192.0.2.1", "api.test"] });
    ({ folder, url } = cluster);
    assertEquals(JSON.parse(await cluster.kubectl("get", "--raw=/version")).gitVersion, "v1.36.3");
    assertEquals(await cluster.kubectl("get", "namespace", "default", "--output=name"), "namespace/default\n");
    for (const name of ["192.0.2.1", "api.test"]) {
      await cluster.kubectl("get", "--raw=/readyz", `--tls-server-name=${name}`);
    }

    using client = cluster.client();
    const { metadata } = await client.list(NAMESPACES, soon());
    const name = await cluster.createNamespace();
    await cluster.stopApiServer();
    await cluster.startApiServer();
    await client.get({ ...NAMESPACES, name }, soon());
    const old = client.watch(NAMESPACES, { ...soon(), resourceVersion: metadata.resourceVersion });
    assertEquals(isGone(await old.next().catch((error) => error)), true);
  }
  assertEquals(await commandsWith(folder), []);
  assertEquals(await Deno.stat(folder).catch((error) => error instanceof Deno.errors.NotFound), true);
  assertEquals(await fetch(url).catch((error) => error instanceof TypeError), true);
});
