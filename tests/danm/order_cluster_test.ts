/** Interfaces made on other interfaces of their Pod: after them, set up before them, and removed before them. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeBondStandIn } from "../runtime/bond_plugin.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const BOND = { type: "bond", mode: "active-backup", miimon: "100", linksInContainer: true };

/** A bond over `members` as the network `bond`, whose file holds `plugins` more of its chain. */
async function createBond(
  node: TestNode,
  members: readonly string[],
  { ipam = {}, plugins = [] }: { readonly ipam?: object; readonly plugins?: readonly object[] } = {},
): Promise<void> {
  const bond = { ...BOND, links: members.map((name) => ({ name })), ipam };
  await writeList(node, "bond", [bond, ...plugins]);
  await node.createNetwork("bond", { cidr: "10.9.0.0/24", container_prefix: "bond" }, { NetworkType: "bond" });
}

async function writeList({ runtime }: TestNode, name: string, plugins: readonly object[]): Promise<void> {
  const list = { cniVersion: "1.0.0", name, plugins };
  await Deno.writeTextFile(`${runtime.cniDir}/${name}.conflist`, JSON.stringify(list));
}

async function linksIn({ netns }: TestContainer): Promise<Map<string, { link?: string; operstate: string }>> {
  const links: { ifname: string; link?: string; operstate: string }[] = JSON.parse(
    await netns.ip("-json", "link", "show"),
  );
  return new Map(links.map((link) => [link.ifname, link]));
}

const MEMBERS = [{ network: "lan", ip: "none" }, { network: "lan", ip: "none" }];

danmTest("bonds two interfaces that come later in the annotation, and removes the bond before them", async (node) => {
  const bond = await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", {});
  await createBond(node, ["eth2", "eth3"], { plugins: [{ type: "tuning", mtu: 1400, dataDir: node.runtime.folder }] });
  await using container = await node.createContainer([
    { network: "lan", ip: "none" },
    { network: "bond", ip: "10.9.0.7" },
    ...MEMBERS,
  ]);
  const { interfaces, ips } = await node.attach(container);
  assertEquals(interfaces.map(({ name }) => name), ["eth0", "bond1", "eth2", "eth3"]);
  assertEquals(ips, [{ address: "10.9.0.7/24", interface: 1 }]);
  assertEquals(await addressesIn(container), ["bond1 10.9.0.7/24"]);
  await node.check(container);
  await node.detach(container); // the plugin refuses when a member is gone
  assertEquals((await bond.calls()).map(({ command }) => command).filter((command) => command !== "CHECK"), [
    "ADD",
    "DEL",
  ]);
});

danmTest("makes a link on a link on a link, each when the one below has its name and is up", async (node) => {
  await node.createNetwork("lan", { cidr: "10.1.0.0/24" });
  const point = { address: "10.7.0.2/24", gateway: "10.7.0.1" };
  const upper = (master: string) => [{ type: "macvlan", linkInContainer: true, master, ipam: {} }];
  await writeList(node, "middle", [{ type: "ptp", ipam: { type: "static", addresses: [point] } }]);
  await writeList(node, "top", upper("mid2"));
  await writeList(node, "tip", upper("top1"));
  await node.createNetwork("top", { container_prefix: "top" }, { NetworkType: "top" });
  await node.createNetwork("tip", { container_prefix: "tip" }, { NetworkType: "tip" });
  await node.createNetwork("middle", { container_prefix: "mid" }, { NetworkType: "middle" });
  await using container = await node.createContainer([
    { network: "lan", ip: "dynamic" },
    { network: "top" },
    { network: "middle" },
    { network: "tip" }, // on top1, which is on mid2
  ]);
  await node.attach(container);
  const links = await linksIn(container);
  // The kernel makes a macvlan on another one's parent.
  assertEquals(["top1", "tip3"].map((name) => links.get(name)?.link), ["mid2", "mid2"]);
  await node.check(container);
  await node.detach(container);
});

danmTest("takes the link of the default route for a plugin that is told none, when that is there", async (node) => {
  await node.createNetwork("lan", { cidr: "10.1.0.0/24", routes: { "0.0.0.0/0": "10.1.0.1" } });
  await writeList(node, "untold", [{ type: "macvlan", linkInContainer: true, ipam: {} }]);
  await node.createNetwork("untold", {}, { NetworkType: "untold" });
  await using container = await node.createContainer([{ network: "lan", ip: "dynamic" }, { network: "untold" }]);
  const { interfaces } = await node.attach(container);
  assertEquals(interfaces.map(({ name }) => name), ["eth0", "eth1"]);
  await node.detach(container);
});

danmTest("lets nothing wait but what is made on another interface", async (node) => {
  await node.createNetwork("lan", {});
  await writeBondStandIn(node.runtime);
  await createBond(node, ["eth1", "eth2"]);
  // Ends when the bond is there, which must not wait for it.
  const wait = 'until nsenter --net="$CNI_NETNS" ip link show dev bond3 2>/dev/null; do sleep 0.05; done >/dev/null';
  const make = 'nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" up type bridge';
  await writeStandIn(node.runtime, "slow", { ADD: `${wait}\n${make}\n${printsInterface()}` });
  await writeList(node, "slow", [{ type: "slow" }]);
  await node.createNetwork("slow", {}, { NetworkType: "slow" });
  await using container = await node.createContainer([{ network: "slow" }, ...MEMBERS, { network: "bond" }]);
  await node.attach(container, { timeout: 120 });
  await node.detach(container);
});

danmTest("refuses links that are nowhere and links in a circle, before it makes anything", async (node) => {
  const bond = await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", { cidr: "10.1.0.0/24" });
  await createBond(node, ["eth0", "eth9"]);
  await using container = await node.createContainer([{ network: "lan", ip: "dynamic" }, { network: "bond" }]);
  assertStringIncludes(
    await node.attachFails(container),
    `Cannot attach interface 1 to DanmNet ${node.namespace}/bond: its delegate needs the link "eth9", must be one of ` +
      "the Pod's: eth0, bond1",
  );
  await writeList(node, "bond", [{ ...BOND, links: [{ name: "eth0" }, { name: "bond1" }] }]);
  assertStringIncludes(await node.attachFails(container), "there is a circle of needs: bond1");
  assertEquals(await bond.calls(), []);
  assertEquals(await node.leftovers(container), []);
});

danmTest("does not begin what is on an interface that fails, and tells both", async (node) => {
  const bond = await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", {});
  await createBond(node, ["eth0", "eth1"]);
  await writeStandIn(node.runtime, "fails", { ADD: "exit 3" });
  await writeList(node, "fails", [{ type: "fails" }]);
  await node.createNetwork("fails", {}, { NetworkType: "fails" });
  await using container = await node.createContainer([
    { network: "lan", ip: "none" },
    { network: "fails" },
    { network: "bond", ip: "dynamic" },
  ]);
  assertEquals((await node.attachFails(container)).split("\n"), [
    "CNI network could not be set up: ",
    `interface 1 (eth1, DanmNet ${node.namespace}/fails): Plugin fails failed at ADD: it exited with 3 and said nothing`,
    `interface 2 (bond2, DanmNet ${node.namespace}/bond): not begun, as eth1 failed`,
  ]);
  assertEquals(await bond.calls(), []);
  assertEquals(await node.leftovers(container), []);
});

danmTest("takes back a bond that was never made, although its plugin complains that it is not there", async (node) => {
  const bond = await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", {});
  await createBond(node, ["eth0", "down0"]);
  await using container = await node.createContainer([{ network: "lan", ip: "none" }, { network: "bond" }]);
  await container.netns.ip("link", "add", "name", "down0", "type", "bridge");
  assertMatch(await node.attachFails(container), /interface 1 \(bond1, .*: link down0 is down$/);
  await container.netns.ip("link", "del", "dev", "down0");
  assertEquals((await bond.calls()).map(({ command }) => command), ["ADD", "DEL"]);
  assertEquals(await node.leftovers(container), []);
});

danmTest("takes back a bond that was made, when a later plugin of its chain fails", async (node) => {
  await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", {});
  const refused = { type: "tuning", sysctl: { "net.no.such.setting": "1" }, dataDir: node.runtime.folder };
  await createBond(node, ["eth1", "eth2"], { plugins: [refused] });
  await using container = await node.createContainer([{ network: "lan", ip: "none" }, ...MEMBERS, { network: "bond" }]);
  assertMatch(await node.attachFails(container), /interface 3 \(bond3, .*Plugin tuning failed at ADD/);
  assertEquals(await node.leftovers(container), []);
});

danmTest("keeps the members of a bond that cannot be removed, and asks nobody twice who has gone", async (node) => {
  const bond = await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", { cidr: "10.1.0.0/24" });
  const pool = { type: "host-local", subnet: "10.77.0.0/24", dataDir: `${node.runtime.folder}/host-local` };
  await createBond(node, ["eth1", "eth2"], { ipam: pool });
  const stays = await writeStandIn(node.runtime, "stays", {
    ADD: `nsenter --net="$CNI_NETNS" ip link add "$CNI_IFNAME" up type bridge\n${printsInterface()}`,
    DEL: `[ ! -e ${node.runtime.folder}/stay ] || exit 4`,
  });
  await writeList(node, "stays", [{ type: "stays" }]);
  await node.createNetwork("stays", {}, { NetworkType: "stays" });
  await using container = await node.createContainer([
    { network: "lan", ip: "dynamic" },
    { network: "stays" },
    { network: "lan", ip: "none" },
    { network: "bond" },
  ]);
  await node.attach(container);

  await Deno.rename(`${node.runtime.binDir}/bond`, `${node.runtime.binDir}/kept`);
  await writeStandIn(node.runtime, "bond", { DEL: "exit 4" });
  assertEquals((await node.detachFails(container)).split("\n"), [
    "CNI network could not be removed: ",
    "interface eth1: not begun, as bond3 failed",
    "interface eth2: not begun, as bond3 failed",
    "interface bond3: Plugin bond failed at DEL: it exited with 4 and said nothing",
  ]);
  assertEquals([...(await linksIn(container)).keys()].sort(), ["bond3", "eth1", "eth2", "lo"]);
  assertEquals((await stays.calls()).map(({ command }) => command), ["ADD"]);

  // Now the bond goes and a member does not: the plugin would not take it well to be asked for the bond again.
  await Deno.rename(`${node.runtime.binDir}/kept`, `${node.runtime.binDir}/bond`);
  await Deno.writeTextFile(`${node.runtime.folder}/stay`, "");
  assertEquals((await node.detachFails(container)).split("\n"), [
    "CNI network could not be removed: ",
    "interface eth1: Plugin stays failed at DEL: it exited with 4 and said nothing",
  ]);
  await Deno.remove(`${node.runtime.folder}/stay`);
  await node.detach(container);
  assertEquals((await bond.calls()).map(({ command }) => command), ["ADD", "DEL", "DEL"]);
});

danmTest("removes a bond before its members by the DanmEps alone", async (node) => {
  await writeBondStandIn(node.runtime);
  await node.createNetwork("lan", {});
  // With addresses that are not DANM's, the complaint of the plugin counts.
  const addresses = { type: "static", addresses: [{ address: "10.77.0.2/24" }] };
  await createBond(node, ["eth1", "eth2"], { ipam: addresses });
  await using container = await node.createContainer([{ network: "lan", ip: "none" }, ...MEMBERS, { network: "bond" }]);
  await node.attach(container);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container);
});
