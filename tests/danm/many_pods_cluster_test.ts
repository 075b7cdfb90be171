import { assertEquals } from "@std/assert";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createTestNode } from "../runtime/test_node.ts";

Deno.test("danm gives 32 Pods that start at once 32 different addresses, and takes all back", async () => {
  await using cluster = await sharedCluster();
  await using node = await createTestNode(cluster);
  await node.createNetwork("many", { cidr: "10.7.0.0/24" });
  await using containers = new AsyncDisposableStack();
  const pods = await Promise.all(
    Array.from(
      { length: 32 },
      async () => containers.use(await node.createContainer([{ network: "many", ip: "dynamic" }])),
    ),
  );

  const results = await Promise.all(pods.map((pod) => node.attach(pod)));
  assertEquals(new Set(results.map(({ ips }) => ips[0]?.address)).size, 32);
  const links = await Promise.all(pods.map(({ netns }) => netns.ip("-brief", "-4", "address", "show", "eth0")));
  assertEquals(
    links.map((link, place) => link.includes(` ${results[place]!.ips[0]!.address} `)).includes(false),
    false,
  );

  await Promise.all(pods.map((pod) => node.detach(pod)));
  assertEquals(await node.leftovers(), []);
  const left = await Promise.all(pods.map(({ netns }) => netns.ip("-brief", "link")));
  assertEquals(left.filter((link) => link.includes("eth0")), []);
});
