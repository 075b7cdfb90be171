/** What tests of bin/danm have in common. */

import { assertEquals } from "@std/assert";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createTestNode, type TestContainer, type TestNode } from "../runtime/test_node.ts";

/** Runs `test` on a node of its own, and then looks whether everything was taken back. */
export function danmTest(name: string, test: (node: TestNode) => Promise<void>): void {
  Deno.test(`danm ${name}`, async () => {
    try {
      await using cluster = await sharedCluster();
      await using node = await createTestNode(cluster);
      await test(node);
      assertEquals(await node.leftovers(), []);
    } catch (error) {
      throw firstOf(error);
    }
  });
}

/** What went wrong first: a test that fails half-way often fails to clean up as well, and only that would be shown. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

/** Every address of the Pod's interfaces but link-local and loopback ones, as `eth0 10.0.0.1/24`. */
export async function addressesIn({ netns }: TestContainer): Promise<string[]> {
  const links: { ifname: string; addr_info: { local: string; prefixlen: number; scope: string }[] }[] = JSON.parse(
    await netns.ip("-json", "address", "show"),
  );
  return links.flatMap(({ ifname, addr_info }) =>
    addr_info.filter(({ scope }) => scope === "global").map(({ local, prefixlen }) => `${ifname} ${local}/${prefixlen}`)
  ).sort();
}
