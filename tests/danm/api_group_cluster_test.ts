/** The other API group, with CRDs generated for it: everything works there, and nothing happens elsewhere. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ApiGroup, resourceFor } from "../../lib/api/resource.ts";
import { installCrds } from "../crds/install_sets.ts";
import { clusterLeftovers } from "../runtime/leftovers.ts";
import type { TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

const GROUP = "danm.io";
const OTHER = { apiGroup: GROUP };

async function endpointsOf({ client, namespace }: TestNode, group: ApiGroup): Promise<number> {
  const ref = { ...resourceFor("DanmEp", group), namespace };
  return (await client.list(ref, { signal: AbortSignal.timeout(30_000) })).items.length;
}

danmTest(`attaches, checks, collects and detaches with the resources of ${GROUP}`, async (node) => {
  await installCrds(node.cluster, GROUP, "lightweight", "production");
  const options = { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" };
  const cluster = `c-${node.namespace}`;
  await node.createNetwork("d", options, { group: GROUP });
  await node.createNetwork("t", options, { group: GROUP, kind: "TenantNetwork" });
  await node.createNetwork(cluster, options, { group: GROUP, kind: "ClusterNetwork" });
  await using container = await node.createContainer([
    { network: "d", ip: "dynamic", ip6: "dynamic" },
    { tenantNetwork: "t", ip: "10.1.0.9" },
    { clusterNetwork: cluster, ip6: "dynamic" },
  ]);
  const isOwn = (containerId: string) => containerId.startsWith(node.namespace);
  const left = () => clusterLeftovers(node.client, node.namespace, isOwn, GROUP);

  const { ips } = await node.attach(container, OTHER);
  assertEquals(ips.length, 4);
  assertEquals([await endpointsOf(node, GROUP), await endpointsOf(node, "danm.k8s.io")], [3, 0]);
  assertEquals((await left()).filter((line) => line.startsWith("address")).length, 4);
  await node.check(container, OTHER);
  await node.detach(container, OTHER);
  assertEquals(await left(), []);

  await node.attach(container, OTHER);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container, OTHER);
  assertEquals(await left(), []);

  await node.attach(container, OTHER);
  await node.collectGarbage([], OTHER);
  assertEquals(await left(), []);
});

danmTest("does not see the networks of the group it is not configured for", async (node) => {
  await installCrds(node.cluster, GROUP, "lightweight", "production");
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  assertStringIncludes(await node.attachFails(container, OTHER), 'entry 0: there is no DanmNet "a"');
  assertMatch(
    await node.attachFails(container, { apiGroup: "example.com" }),
    /apiGroup is "example\.com", must be one of danm\.k8s\.io, danm\.io/,
  );
});
