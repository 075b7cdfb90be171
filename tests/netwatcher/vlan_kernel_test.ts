/** VLAN and VXLAN links that netwatcher makes on two nodes carry what Pods send over ipvlan interfaces that danm makes. */

import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Result } from "../../lib/cni/result.ts";
import { sharedCluster } from "../cluster/shared_cluster.ts";
import { createNamespace, joinNamespaces, type TestNamespace } from "../netns.ts";
import { createPod } from "../runtime/test_pod.ts";
import type { Sandbox } from "../runtime/container_runtime.ts";
import { type NetworksOf, networksOf } from "./networks.ts";
import { applyNetwatcher, applyNetworkCrds } from "./test_cluster.ts";
import { createWatchedNode, type WatchedNode } from "./watched_node.ts";

const cluster = await sharedCluster();
const client = cluster.client();
Deno.test.afterAll(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});
await applyNetworkCrds(cluster);
const kubeconfig = await applyNetwatcher(cluster);

/** An emulated machine on a busy host needs more than the 30 s that danm takes at most otherwise. */
const PATIENT = { timeout: 300 };

/** A Pod's container, and the address of each of its interfaces. */
interface Container {
  readonly netns: TestNamespace;
  readonly sandbox: Sandbox;
  readonly addresses: readonly string[];
}

interface Scene extends AsyncDisposable {
  readonly nodes: readonly [WatchedNode, WatchedNode];
  readonly networks: NetworksOf;
  /** Attaches a new Pod to networks. */
  attach(node: WatchedNode, ...networks: readonly string[]): Promise<Container>;
}

/** Two nodes on one wire, `eth1` of both. */
async function createScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const nodes = [
    stack.use(await createWatchedNode(cluster, kubeconfig)),
    stack.use(await createWatchedNode(cluster, kubeconfig)),
  ] as const;
  const [a, b] = nodes;
  await joinNamespaces({ namespace: a.netns, name: "eth1" }, { namespace: b.netns, name: "eth1" });
  for (const [index, { netns }] of nodes.entries()) {
    await netns.ip("address", "add", `192.168.99.${index + 1}/24`, "dev", "eth1");
  }
  const namespace = await cluster.createNamespace();
  const networks = networksOf(client, namespace);
  stack.defer(() =>
    cluster.kubectl("delete", "danmnets.danm.k8s.io", "--all", "--namespace", namespace).then(() => {})
  );
  const done = stack.move();
  let count = 0;
  return {
    nodes,
    networks,
    async attach(node, ...names) {
      const requests = names.map((network) => ({ network, ip: "dynamic" }));
      const pod = await createPod(client, namespace, requests, undefined, node.name);
      const netns = done.use(await createNamespace());
      const sandbox = { containerId: `${namespace}-${count++}`, netns: netns.path, pod };
      const { code, answer, stderr } = await node.runtime.call("ADD", sandbox, PATIENT);
      assertEquals(code, 0, JSON.stringify(answer) + stderr);
      const addresses = (answer as Result).ips.map(({ address }) => address.replace(/\/.*/, ""));
      return { netns, sandbox, addresses };
    },
    [Symbol.asyncDispose]: () => done.disposeAsync(),
  };
}

async function ping(from: Container, address: string): Promise<void> {
  await from.netns.run("ping", "-c", "1", "-W", "30", address);
}

async function received(node: WatchedNode, link: string): Promise<number> {
  const [{ stats64 }] = JSON.parse(await node.netns.ip("-json", "-statistics", "link", "show", link));
  return stats64.rx.packets;
}

Deno.test("netwatcher makes the links that Pods of two nodes reach each other by", async (t) => {
  await using scene = await createScene();
  const { nodes: [a, b], networks, attach } = scene;
  const ipvlan = { NetworkType: "ipvlan" };
  await networks.createNetwork("ext", { host_device: "eth1", vlan: 100, cidr: "10.50.0.0/24" }, ipvlan);
  await networks.createNetwork("int", { host_device: "eth1", vxlan: 70_000, cidr: "10.51.0.0/24" }, ipvlan);
  await using stack = new AsyncDisposableStack();
  const [watcher] = await Promise.all([a, b].map(async (node) => stack.use(await node.startNetwatcher())));
  const pods: Container[] = [];

  await t.step("a VLAN and a VXLAN carry packets between Pods", async () => {
    for (const node of [a, b]) {
      const vlan = await node.link("ext.100", ({ up }) => up);
      assertEquals([vlan.vlan, vlan.parent, vlan.mtu], [{ id: 100, protocol: 0x8100 }, "eth1", 1500]);
      await node.link("vx_int", ({ up, mtu }) => up && mtu === 1450);
      pods.push(await attach(node, "ext", "int"));
    }
    const links = ["ext.100", "vx_int"];
    const before = await Promise.all(links.map((link) => received(b, link)));
    for (const address of pods[1]!.addresses) await ping(pods[0]!, address);
    const after = await Promise.all(links.map((link) => received(b, link)));
    links.forEach((link, place) => assertNotEquals(after[place], before[place], `nothing came by ${link}`));
  });

  await t.step("a VLAN stays while ipvlan interfaces are on it, and the new one is made beside it", async () => {
    await networks.changeNetwork("ext", { vlan: 101 });
    assertMatch((await networks.event("ext", "LinkKept")).note, /link ext.100 stays .*: interfaces of Pods are on it/);
    for (const node of [a, b]) await node.link("ext.101", ({ up }) => up);
    await ping(pods[0]!, pods[1]!.addresses[0]!);
    assertEquals((await a.runtime.call("DEL", pods[0]!.sandbox, PATIENT)).code, 0);
    await a.netns.ip("link", "set", "lo", "alias", "changed"); // any change makes it look again
    await a.noLink("ext.100");
    await b.link("ext.100");
  });

  await t.step("two VLANs of one NetworkID are two links, and one removed by hand comes back", async () => {
    await networks.createNetwork("more", { host_device: "eth1", vlan: 102 }, { NetworkID: "ext" });
    await a.link("ext.102", ({ up }) => up);
    const { index: old } = await a.link("ext.101");
    await a.netns.ip("link", "del", "ext.101");
    await a.link("ext.101", ({ up, index }) => up && index !== old);
  });

  await t.step("VLANs come back with their parent, and after a reboot", async () => {
    await a.netns.ip("link", "del", "eth1");
    await networks.event("ext", "ParentMissing");
    await a.netns.ip("link", "add", "eth1", "type", "dummy");
    await networks.event("ext", "ParentDown");
    assertEquals((await a.link("ext.101")).up, false);
    assertEquals(await watcher!.stop(), 0);
    for (const name of ["ext.101", "ext.102"]) await a.netns.ip("link", "del", name);
    await a.netns.ip("link", "set", "eth1", "up");
    await using _again = await a.startNetwatcher();
    for (const name of ["ext.101", "ext.102"]) await a.link(name, ({ up }) => up);
  });
});

Deno.test("netwatcher uses no VLAN of somebody else in silence, and no other kind of VLAN at all", async () => {
  await using scene = await createScene();
  const { nodes: [a], networks } = scene;
  await using other = await createNamespace();
  const vlan = async (name: string, id: number, ...more: readonly string[]) => {
    await a.netns.ip("link", "add", "link", "eth1", "name", name, "type", "vlan", "id", `${id}`, ...more);
    await a.netns.ip("link", "set", name, "up");
  };
  await vlan("fine", 201);
  await vlan("small", 202);
  await a.netns.ip("link", "set", "small", "mtu", "1400");
  await vlan("service", 203, "protocol", "802.1ad");
  await vlan("tagged", 204, "reorder_hdr", "off");
  await vlan("ported", 205);
  await a.netns.ip("link", "add", "br0", "type", "bridge");
  await a.netns.ip("link", "set", "ported", "master", "br0");
  await vlan("moved", 206);
  await a.netns.ip("link", "set", "moved", "netns", other.name);
  for (let id = 201; id <= 206; id++) await networks.createNetwork(`n${id}`, { host_device: "eth1", vlan: id });
  await using _netwatcher = await a.startNetwatcher();
  const noteOf = async (id: number, reason: string) => (await networks.event(`n${id}`, reason)).note;
  assertMatch(await noteOf(202, "LinkForeign"), /is there as small, .*: its MTU is 1400, must be 1500 on eth1/);
  assertMatch(await noteOf(204, "LinkForeign"), /is there as tagged, .*: it keeps the tags of packets/);
  assertMatch(await noteOf(205, "LinkForeign"), /is there as ported, .*: it is a port of br0/);
  assertMatch(await noteOf(206, "VniTaken"), /a link that was moved to another network namespace has that number/);
  await a.link("n203.203", ({ up, vlan }) => up && vlan?.protocol === 0x8100);
  assertEquals(await networks.events("n201"), []);
  assertEquals((await a.links()).filter(({ vlan }) => vlan?.id === 201).map(({ name }) => name), ["fine"]);
});
