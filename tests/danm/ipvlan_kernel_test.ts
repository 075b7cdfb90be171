import { assertEquals, assertStringIncludes } from "@std/assert";
import { danmTest } from "./danm_case.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";

/** Attaches two Pods that ask for `request`, and pings every address of the second from the first. */
async function exchangePackets(node: TestNode, request: object): Promise<void> {
  await using a = await node.createContainer([request]);
  await using b = await node.createContainer([request]);
  await node.attach(a);
  const { ips } = await node.attach(b);
  for (const { address } of ips) await ping(a, address);
  await Promise.all([node.detach(a), node.detach(b)]);
  assertEquals((await linksIn(a)).concat(await linksIn(b)), ["lo", "lo"]);
}

async function ping({ netns }: TestContainer, address: string): Promise<void> {
  await netns.run("ping", "-c", "1", "-W", "5", address.replace(/\/.*/, ""));
}

async function linksIn({ netns }: TestContainer): Promise<string[]> {
  const links: { ifname: string }[] = JSON.parse(await netns.ip("-json", "link", "show"));
  return links.map(({ ifname }) => ifname);
}

async function ip(...words: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args: words }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

const DUAL = { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" };

danmTest("joins Pods by ipvlan links on a host interface, over IPv4 and IPv6", async (node) => {
  await node.createNetwork("ipvlan", DUAL, { NetworkType: "ipvlan" });
  await exchangePackets(node, { network: "ipvlan", ip: "dynamic", ip6: "dynamic" });
});

danmTest("makes ipvlan links of L2 mode with the MTU of the parent and the names asked for", async (node) => {
  await ip("link", "set", "dev", node.parent, "mtu", "1400");
  await node.createNetwork("plain", DUAL, { NetworkType: "ipvlan" });
  await node.createNetwork("named", { ...DUAL, container_prefix: "data" }, { NetworkType: "ipvlan" });
  await using container = await node.createContainer([
    { network: "plain", ip: "dynamic" },
    { network: "named", ip: "10.1.0.99", ip6: "none" },
  ]);
  const { interfaces } = await node.attach(container);
  assertEquals(interfaces.map(({ name }) => name), ["eth0", "data1"]);
  for (const { name, mac } of interfaces) {
    const link = await container.netns.ip("-details", "link", "show", "dev", name);
    for (const part of ["ipvlan  mode l2", "mtu 1400", mac!]) assertStringIncludes(link, part);
  }
  assertStringIncludes(await container.netns.ip("-brief", "address", "show", "data1"), "10.1.0.99/24");
  await node.detach(container);
});

danmTest("joins Pods on the VLAN link of a network, whatever its name, and not on its parent", async (node) => {
  const vlan = `${node.parent}-v7`.slice(0, 15);
  await ip("link", "add", "link", node.parent, "name", vlan, "type", "vlan", "id", "7");
  await ip("link", "set", "dev", vlan, "up");
  await node.createNetwork("vlan", { ...DUAL, vlan: 7 }, { NetworkType: "ipvlan", NetworkID: "v" });
  await exchangePackets(node, { network: "vlan", ip: "dynamic", ip6: "dynamic" });

  await using tagged = await node.createContainer([{ network: "vlan", ip: "dynamic" }]);
  await node.attach(tagged);
  const { stdout } = await new Deno.Command("ip", { args: ["-json", "link", "show", "dev", vlan] }).output();
  const [parent] = JSON.parse(new TextDecoder().decode(stdout)) as [{ ifindex: number }];
  assertStringIncludes(await tagged.netns.ip("link", "show", "eth0"), `eth0@if${parent.ifindex}:`);
  await node.detach(tagged);
});

danmTest("says that a VLAN link is missing on the node", async (node) => {
  await node.createNetwork("vlan", { ...DUAL, vlan: 9 }, { NetworkType: "ipvlan", NetworkID: "v" });
  await using container = await node.createContainer([{ network: "vlan", ip: "dynamic" }]);
  assertStringIncludes(
    await node.attachFails(container),
    `vlan link 9 on host interface ${node.parent} of network DanmNet ${node.namespace}/vlan does not exist on this node`,
  );
});
