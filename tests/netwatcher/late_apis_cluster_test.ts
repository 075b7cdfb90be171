/** A cluster of its own: APIs come late, and the API server goes and comes back. */

import { assertEquals, assertMatch } from "@std/assert";
import { ownLinkName } from "../../lib/reconcile/host_link.ts";
import { startCluster } from "../cluster/start_cluster.ts";
import { networksOf } from "./networks.ts";
import { applyDefinitionCrd, applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode } from "./watched_node.ts";

Deno.test("netwatcher takes APIs as they come, and outlives the API server", async () => {
  await using cluster = await startCluster();
  using client = cluster.client();
  await using node = await createWatchedNode(cluster, await applyNetwatcher(cluster));
  await node.netns.ip("link", "add", "up0", "type", "veth", "peer", "name", "peer0");
  await node.netns.ip("link", "set", "up0", "up");
  await using netwatcher = await node.startNetwatcher();
  assertEquals(await netwatcher.metric("danm_host_links_desired"), 0);
  const networks = networksOf(client, await cluster.createNamespace());

  // NetworkAttachmentDefinitions without any of DANM's own APIs.
  await applyDefinitionCrd(cluster);
  await networks.createDefinition("nad", { type: "macvlan", master: "up0", vxlan: 5 });
  await node.link(ownLinkName({ device: "up0", type: "vxlan", vni: 5 }), ({ up }) => up);
  await applyNetworkCrds(cluster);
  await networks.createNetwork("ext", { host_device: "up0", vxlan: 6 });
  await node.link("vx_ext", ({ up }) => up);

  await cluster.stopApiServer();
  await node.netns.ip("link", "del", "vx_ext");
  await node.link("vx_ext", ({ up }) => up);
  await netwatcher.says({ message: "cannot follow the API server", resource: "danmnets" });
  await cluster.startApiServer();
  await networks.createNetwork("new", { host_device: "up0", vxlan: 7 });
  await networks.deleteNetwork("ext");
  await node.link("vx_new", ({ up }) => up);
  await node.noLink("vx_ext");
  assertMatch(await netwatcher.get("/readyz"), /\nok\n$/);
  assertEquals(await netwatcher.stop(), 0);
});
