/** A network that is deleted and made again while a Pod of its predecessor lives, in a cluster without the webhook. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { NetworkKind, NetworkOptions } from "../../lib/api/network.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { danmTest } from "./danm_case.ts";

const KEYS = { DanmNet: "network", TenantNetwork: "tenantNetwork", ClusterNetwork: "clusterNetwork" } as const;

const FAMILIES = [
  { key: "ip", options: { cidr: "10.1.0.0/30" } },
  { key: "ip6", options: { net6: "2001:db8:1::/126" } },
] as const;

async function deleteNetwork({ client, namespace }: TestNode, kind: NetworkKind, name: string): Promise<void> {
  const resource = resourceFor(kind, "danm.k8s.io");
  await client.delete({ ...resource, name, ...(resource.namespaced && { namespace }) }, {
    signal: AbortSignal.timeout(10_000),
  });
}

for (const kind of ["DanmNet", "TenantNetwork", "ClusterNetwork"] as const) {
  for (const { key, options } of FAMILIES) {
    danmTest(
      `gives nobody an address of a deleted ${kind}'s Pod, though there is another of its name: ${key}`,
      async (node) => {
        const name = kind === "ClusterNetwork" ? node.namespace : "a"; // which all tests share
        const create = (more: NetworkOptions = {}) => node.createNetwork(name, { ...options, ...more }, { kind });
        const container = (wish: string) => node.createContainer([{ [KEYS[kind]]: name, [key]: wish }]);
        const addressOf = async (each: TestContainer) => (await node.attach(each)).ips[0]!.address;
        await create();
        await using first = await container("dynamic");
        const address = await addressOf(first);
        await deleteNetwork(node, kind, name);
        await create();
        await using second = await container("dynamic");
        await using third = await container("dynamic");
        await using fixed = await container(address);
        assertEquals(await addressOf(second) === address, false);
        assertStringIncludes(await node.attachFails(third), "every address of its pool");
        const { namespace, name: podName } = first.sandbox.pod;
        assertStringIncludes(await node.attachFails(fixed), `is taken by Pod ${namespace}/${podName} (UID`);

        await deleteNetwork(node, kind, name); // the third of its name
        await create();
        assertStringIncludes(await node.attachFails(third), "every address of its pool");
        await node.detach(first);
        assertEquals(await addressOf(third), address);
        await node.detach(third);
        assertEquals(await addressOf(fixed), address);
        for (const each of [second, fixed]) await node.detach(each);
        await deleteNetwork(node, kind, name);
      },
    );
  }
}
