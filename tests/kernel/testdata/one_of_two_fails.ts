/** Tests for the lane's own test. */
import { assert } from "@std/assert";
import { sharedCluster } from "../../cluster/shared_cluster.ts";

Deno.test("the cluster of the host answers under the same address", async () => {
  await using cluster = await sharedCluster();
  using client = cluster.client();
  await client.list({ group: "", version: "v1", plural: "namespaces" }, { signal: AbortSignal.timeout(60_000) });
});

Deno.test("this one fails", () => assert(false));
