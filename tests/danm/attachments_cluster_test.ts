/** Attachments: container ID, CNI_IFNAME and the configuration's name together, and none of them alone. */

import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { basename } from "@std/path/posix";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

const ROUTED = { network: "a", ip: "dynamic", proutes: { "10.60.0.0/16": "10.1.0.3" } };

/** The container as a call about another of its interfaces names it. */
function as(container: TestContainer, ifName: string): TestContainer {
  return { ...container, sandbox: { ...container.sandbox, ifName } };
}

async function endpointsIn({ client, namespace }: TestNode): Promise<readonly DanmEp[]> {
  const ref = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace };
  return (await client.list<DanmEp>(ref, { signal: AbortSignal.timeout(30_000) })).items;
}

function valid(...attachments: readonly (readonly [container: TestContainer, ifName: string])[]): object[] {
  return attachments.map(([{ sandbox }, ifname]) => ({ containerID: sandbox.containerId, ifname }));
}

danmTest("attaches a container under several names, each by itself", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", rt_tables: 150 });
  await using container = await node.createContainer([ROUTED]);
  const [net1, net2] = [as(container, "net1"), as(container, "net2")];
  const first = await node.attach(net1);
  const second = await node.attach(net2);
  const addresses = [first, second].map(({ ips }) => ips[0]!.address);
  assertNotEquals(addresses[0], addresses[1]);
  const both = [`net1 ${addresses[0]}`, `net2 ${addresses[1]}`];
  assertEquals(await addressesIn(container), both);
  for (const one of [net1, net2]) await node.check(one);
  const endpoints = await endpointsIn(node);
  assertEquals(endpoints.map(({ spec }) => [spec.CID, spec.IfName, spec.ConfigName].join()).sort(), [
    `${container.sandbox.containerId},net1,danm`,
    `${container.sandbox.containerId},net2,danm`,
  ]);
  assertEquals(new Set(endpoints.map(({ spec }) => spec.EndpointID)).size, 2, "owners of addresses");

  // Both have one route in common, which must not go with the one it was made for.
  const again = (await node.attach(net1)).ips[0]!.address;
  assertEquals(await addressesIn(container), [`net1 ${again}`, both[1]]);
  await node.detach(net1);
  assertEquals(await addressesIn(container), [both[1]]);
  assertMatch(await container.netns.ip("rule"), /from 10\.1\.0\.\d+ lookup 150/);
  await node.check(net2);
  assertStringIncludes(await node.checkFails(net1), "has not been attached");
  await node.detach(net2);
  assertEquals(await node.leftovers(), []);
});

danmTest("detaches one name by its DanmEps alone, and leaves the other alone", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const [net1, net2] = [as(container, "net1"), as(container, "net2")];
  await node.attach(net1);
  const { ips } = await node.attach(net2);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(net1);
  assertEquals(await addressesIn(container), [`net2 ${ips[0]!.address}`]);
  await node.attach(net2); // which finds its earlier attempt, and takes back that alone
  await node.attach(net1);
  await node.attach(net2);
  assertEquals((await addressesIn(container)).length, 2);
  await node.detach(net1);
  await node.detach(net2);
});

danmTest("makes nothing where another attachment has an interface of one of the names", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic" },
    { network: "a", ip: "dynamic" },
  ]);
  const [net1, net2] = [as(container, "net1"), as(container, "net2")];
  await node.attach(net1);
  const before = await addressesIn(container);
  assertStringIncludes(
    await node.attachFails(net2),
    `Cannot attach interface 1: the namespace has an interface "eth1" already, of attachment ` +
      basename(node.runtime.journalOf(net1.sandbox)),
  );
  assertEquals(await addressesIn(container), before);
  await node.check(net1);
  assertEquals((await endpointsIn(node)).length, 2);
  await node.detach(net2);
  await node.check(net1);
  await node.detach(net1);
});

danmTest("gives a name to one of two attachments that come at once, and takes back nothing of it", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic" },
    { network: "a", ip: "dynamic" },
  ]);
  const names = ["net1", "net2", "net3", "net4"].map((name) => as(container, name));
  const outcomes = await Promise.all(names.map(({ sandbox }) => node.runtime.call("ADD", sandbox)));
  assertEquals(outcomes.filter(({ code }) => code === 0).length, 1);
  const winner = names[outcomes.findIndex(({ code }) => code === 0)]!;
  await node.check(winner);
  assertEquals((await addressesIn(container)).length, 2);
  await node.detach(winner);
});

danmTest("keeps apart what several configurations have attached in one state folder", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using other = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const long = "danm-".repeat(60);
  await node.attach(as(container, "net1"));
  await node.attach(as(container, "net2"), { name: "danm-b" });
  await node.attach(other, { name: long });
  await node.detach(as(container, "net2"));
  await node.detach(other, { name: `${long}x` });
  await node.check(as(container, "net2"), { name: "danm-b" });
  await node.check(other, { name: long });

  const gc = { "cni.dev/valid-attachments": [], cniVersion: "1.1.0" };
  await node.collectGarbage([], gc);
  assertEquals((await addressesIn(container)).map((line) => line.split(" ")[0]), ["net2"]);
  await node.collectGarbage([], { ...gc, name: "danm-b", "cni.dev/valid-attachments": valid([container, "net2"]) });
  await node.check(as(container, "net2"), { name: "danm-b" });
  await node.collectGarbage([], { ...gc, name: "danm-b", "cni.dev/valid-attachments": valid([container, "net1"]) });
  assertEquals(await node.leftovers(container), []);
  await node.check(other, { name: long });
  await node.collectGarbage([], { ...gc, name: long });
});

danmTest("says that a container ID is too long, and has nothing to detach for one", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const withId = (containerId: string) => ({ ...container, sandbox: { ...container.sandbox, containerId } });
  const most = withId(`${node.namespace}-`.padEnd(128, "x"));
  await node.attach(most);
  await node.check(most);
  await node.detach(most);
  const more = withId(`${node.namespace}-`.padEnd(300, "x"));
  assertStringIncludes(await node.attachFails(more), "CNI_CONTAINERID has 300 characters, must have at most 128");
  await node.detach(more);
});
