/** VXLAN links on this kernel; those of VLANs are in vlan_kernel_test.ts. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatAddress } from "../../lib/net/address.ts";
import { vxlanMulticast } from "../../lib/net/vni.ts";
import { hostLinkGroup, ownLinkName } from "../../lib/reconcile/host_link.ts";
import { eventually } from "../cluster/eventually.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace } from "../netns.ts";
import { type NetworksOf, networksOf } from "./networks.ts";
import { applyDefinitionCrd, applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode, type Netwatcher, type WatchedNode } from "./watched_node.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
await applyNetworkCrds(cluster);
await applyDefinitionCrd(cluster);
const kubeconfig = await applyNetwatcher(cluster);
const GROUP = hostLinkGroup("danm.k8s.io");

/** Numbers that no other test uses: a number is one network's on the whole cluster. */
let vni = 1000 * (1 + Deno.pid % 10_000);

interface Scene {
  readonly node: WatchedNode;
  readonly netwatcher: Netwatcher;
  readonly networks: NetworksOf;
  readonly namespace: string;
  /** Of the parent `up0`, whose peer is `peer0`. */
  readonly vni: number;
}

/** Runs `test` on a node with the interface `up0`, while netwatcher runs. */
function netwatcherTest(what: string, test: (scene: Scene) => Promise<void>): void {
  Deno.test(`netwatcher ${what}`, async () => {
    await using node = await createWatchedNode(cluster, kubeconfig);
    await addParent(node);
    await using netwatcher = await node.startNetwatcher();
    const namespace = await cluster.createNamespace();
    const networks = networksOf(client, namespace);
    try {
      await test({ node, netwatcher, networks, namespace, vni: vni += 10 });
    } catch (error) {
      for (const line of netwatcher.log) console.error(JSON.stringify(line));
      throw error;
    } finally {
      const kinds = "danmnets.danm.k8s.io,network-attachment-definitions";
      await cluster.kubectl("delete", kinds, "--all", "--namespace", namespace);
    }
  });
}

async function addParent({ netns }: WatchedNode): Promise<void> {
  await netns.ip("link", "add", "up0", "type", "veth", "peer", "name", "peer0");
  await netns.ip("link", "set", "up0", "up");
  await netns.ip("link", "set", "peer0", "up");
}

netwatcherTest("makes a VXLAN, keeps it as it must be, and removes it", async ({ node, netwatcher, networks, vni }) => {
  await networks.createNetwork("ext", { host_device: "up0", vxlan: vni });
  const made = await node.link("vx_ext", ({ up }) => up);
  assertEquals([made.kind, made.mtu, made.group, made.vxlan?.id, made.vxlan?.parent, made.vxlan?.port], [
    "vxlan",
    1450,
    GROUP,
    vni,
    "up0",
    4789,
  ]);
  assertEquals(made.vxlan?.group, `239.${vni >> 16}.${(vni >> 8) & 255}.${vni & 255}`);
  assertEquals((await node.netns.ip("-6", "address", "show", "dev", "vx_ext")).trim(), "");

  await node.netns.ip("link", "del", "vx_ext");
  await node.link("vx_ext", ({ index, up }) => index !== made.index && up);
  await node.netns.ip("link", "set", "vx_ext", "down");
  await node.link("vx_ext", ({ up }) => up);
  await node.netns.ip("link", "set", "up0", "mtu", "1400");
  await node.link("vx_ext", ({ mtu }) => mtu === 1350);
  await eventually("count it", async () => await netwatcher.metric("danm_host_links_present") === 1 || undefined);

  await networks.deleteNetwork("ext");
  await node.noLink("vx_ext");
  assertEquals((await node.links()).map(({ name }) => name).sort(), ["lo", "peer0", "up0"]);
  assertEquals(await netwatcher.stop(), 0);
});

netwatcherTest("waits for an interface that is missing, and says so", async ({ node, netwatcher, networks, vni }) => {
  await networks.createNetwork("late", { host_device: "up1", vxlan: vni });
  const { note, type, regarding } = await networks.event("late", "ParentMissing");
  assertEquals(type, "Warning");
  assertEquals(
    note,
    `vxlan ${vni} on up1 cannot be made: this node has no interface up1 (first seen on node ${node.name})`,
  );
  assertEquals(regarding.kind, "DanmNet");
  assert((await netwatcher.metric('danm_host_links_failed{reason="ParentMissing"}') ?? 0) >= 1);
  await node.netns.ip("link", "set", "peer0", "down");
  await node.netns.ip("link", "set", "peer0", "name", "up1", "up");
  await node.link("vx_late", ({ up }) => up);
  // Renamed away, the link is on another interface than the network wants; renamed back, it is made again.
  await node.netns.ip("link", "set", "up1", "down");
  await node.netns.ip("link", "set", "up1", "name", "moved", "up");
  await node.noLink("vx_late");
  await node.netns.ip("link", "set", "moved", "down");
  await node.netns.ip("link", "set", "moved", "name", "up1", "up");
  await node.link("vx_late", ({ up, vxlan }) => up && vxlan?.parent === "up1");
  await eventually("count it", async () => await netwatcher.metric("danm_host_links_present") === 1 || undefined);
  assertEquals((await networks.events("late")).length, 1, "one Event for what is told once");
});

netwatcherTest("keeps a link that Pods use until the last one is gone", async ({ node, netwatcher, networks, vni }) => {
  await networks.createNetwork("used", { host_device: "up0", vxlan: vni });
  const before = await node.link("vx_used", ({ up }) => up);
  await using pods = new AsyncDisposableStack();
  const [a, b] = [pods.use(await createNamespace()), pods.use(await createNamespace())];
  for (const pod of [a, b]) {
    await node.netns.ip("link", "add", "link", "vx_used", "name", "p0", "netns", pod.name, "type", "macvlan");
  }
  await networks.changeNetwork("used", { vxlan: vni + 1 });
  const { note } = await networks.event("used", "LinkKept");
  assertMatch(note, /link vx_used stays although nothing asks for it any more: interfaces of Pods are on it \(/);
  const own = ownLinkName({ device: "up0", type: "vxlan", vni: vni + 1 });
  await node.link(own, ({ up }) => up);
  assertEquals(await netwatcher.metric("danm_host_links_kept"), 1);

  await a.ip("link", "del", "p0");
  await node.netns.ip("link", "set", "peer0", "mtu", "1400"); // any change makes it look again
  await eventually("look again", async () => {
    return (await node.links()).find(({ name }) => name === "peer0")?.mtu === 1400 || undefined;
  });
  assertEquals((await b.ip("-json", "link", "show", "p0")).includes("p0"), true);
  assertEquals((await node.link("vx_used")).index, before.index);
  await b.ip("link", "del", "p0");
  await node.netns.ip("link", "set", "peer0", "mtu", "1300");
  await node.noLink("vx_used");
  assertEquals((await node.links()).filter(({ kind }) => kind === "macvlan"), []);
});

netwatcherTest("never touches what it did not make", async ({ node, networks, vni }) => {
  await node.netns.ip("link", "add", "vx_same", "type", "bridge");
  const multicast = formatAddress(vxlanMulticast(vni + 1));
  const vxlan = ["id", `${vni + 1}`, "group", multicast, "dev", "up0", "dstport", "4789"];
  await node.netns.ip("link", "add", "mine", "mtu", "1300", "type", "vxlan", ...vxlan);
  await networks.createNetwork("same", { host_device: "up0", vxlan: vni });
  await networks.createNetwork("there", { host_device: "up0", vxlan: vni + 1 });
  await node.link(ownLinkName({ device: "up0", type: "vxlan", vni }), ({ up }) => up);
  const { note } = await networks.event("there", "LinkForeign");
  assertMatch(note, /is there as mine, which DANM did not make and so does not set up \(/);
  await networks.deleteNetwork("same");
  await networks.deleteNetwork("there");
  await node.noLink(ownLinkName({ device: "up0", type: "vxlan", vni }));
  const links = await node.links();
  assertEquals(
    links.map(({ name, mtu, up }) => `${name} ${mtu} ${up}`).filter((text) => /^(mine|vx_same) /.test(text)),
    [
      "vx_same 1500 false",
      "mine 1300 false",
    ],
  );
});

netwatcherTest("takes nobody else's overlay for a network's link", async ({ node, netwatcher, networks, vni }) => {
  const calico = ["type", "vxlan", "id", `${vni}`, "dev", "up0", "dstport", "4789", "nolearning"];
  await node.netns.ip("link", "add", "vxlan.calico", "up", ...calico);
  await using other = await createNamespace();
  const moved = ["type", "vxlan", "id", `${vni + 1}`, "group", "239.1.1.1", "dev", "up0", "dstport", "4789"];
  await node.netns.ip("link", "add", "moved", ...moved);
  await node.netns.ip("link", "set", "moved", "netns", other.name);
  await networks.createNetwork("same", { host_device: "up0", vxlan: vni });
  await networks.createNetwork("gone", { host_device: "up0", vxlan: vni + 1 });
  assertMatch((await networks.event("same", "VniTaken")).note, /cannot be made: vxlan.calico on up0 has that number/);
  assertMatch(
    (await networks.event("gone", "VniTaken")).note,
    /a link that was moved to another network namespace has/,
  );
  await node.netns.ip("link", "del", "vxlan.calico");
  await node.link("vx_same", ({ up }) => up);
  assert((await netwatcher.metric('danm_host_links_failed{reason="VniTaken"}') ?? 0) >= 1);
});

netwatcherTest("goes on where a killed one was, guards and all", async ({ node, netwatcher, networks, vni }) => {
  await networks.createNetwork("ext", { host_device: "up0", vxlan: vni });
  const made = await node.link("vx_ext", ({ up }) => up);
  await netwatcher[Symbol.asyncDispose]();
  // Killed between the guard and the removal, or between making a link and setting it up.
  const guard = ["link", "vx_ext", "name", "dmg7", "group", `${GROUP}`, "type", "macvlan", "mode", "passthru"];
  await node.netns.ip("link", "add", ...guard);
  await node.netns.ip("link", "set", "vx_ext", "down");
  await networks.createNetwork("more", { host_device: "up0", vxlan: vni + 1 });
  await using again = await node.startNetwatcher();
  await node.noLink("dmg7");
  assertEquals((await node.link("vx_ext", ({ up }) => up)).index, made.index);
  await node.link("vx_more", ({ up }) => up);
  assert(again.log.length > 0);
});

netwatcherTest(
  "tells users of a definition that is no JSON, and goes on",
  async ({ node, netwatcher, networks, vni }) => {
    await networks.createDefinition("broken", '{"type": "macvlan", "vlan": ');
    await networks.createDefinition("wrong", { type: "macvlan", master: "up0", vxlan: "7" });
    await networks.createDefinition("right", { type: "macvlan", master: "up0", vxlan: vni });
    assertMatch((await networks.event("broken", "Invalid")).note, /spec.config is no JSON object, must be/);
    assertMatch((await networks.event("wrong", "Invalid")).note, /vxlan is "7", must be a number, 1-16777215/);
    await node.link(ownLinkName({ device: "up0", type: "vxlan", vni }), ({ up }) => up);
    assertEquals(netwatcher.log.filter(({ level }) => level === "error"), []);
  },
);

netwatcherTest("rewrites a definition once, whichever nodes do it", async ({ node, networks, namespace, vni }) => {
  await using other = await createWatchedNode(cluster, kubeconfig);
  await addParent(other);
  await using _second = await other.startNetwatcher();
  const config = { cniVersion: "1.0.0", name: "net", type: "macvlan", master: "up0", vxlan: vni };
  await networks.createDefinition("shared", config);
  const name = ownLinkName({ device: "up0", type: "vxlan", vni });
  for (const each of [node, other]) await each.link(name, ({ up }) => up);
  const written = await eventually("see it rewritten", async () => {
    const definition = await networks.definition("shared");
    return definition.config["master"] === name ? definition : undefined;
  });
  assertEquals(written.config, { ...config, master: name, "danm.k8s.io/master": "up0" });
  assertEquals(written.generation, 2, "one write is one generation");
  // The plugin finds the link by that name, and a network that came first under another name can have it too.
  await networks.createNetwork("first", { host_device: "up0", vxlan: vni + 1 });
  await node.link("vx_first", ({ up }) => up);
  await networks.createDefinition("second", { type: "macvlan", master: "up0", vxlan: vni + 1 });
  const wanted = ownLinkName({ device: "up0", type: "vxlan", vni: vni + 1 });
  await eventually("find the link by its further name", async () => {
    return (await node.netns.ip("-json", "link", "show", wanted)).includes("vx_first") || undefined;
  });
  assertEquals((await networks.definition("shared")).generation, 2);
  await cluster.kubectl("delete", "network-attachment-definitions", "--all", "--namespace", namespace);
  await node.noLink(name);
});
