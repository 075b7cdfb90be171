import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Result } from "../../lib/cni/result.ts";
import { eventually } from "../cluster/eventually.ts";
import { addressesIn, danmTest } from "./danm_case.ts";

function addressesOf({ ips, interfaces }: Result): string[] {
  return ips.map(({ address, interface: place }) => `${interfaces[place!]!.name} ${address}`).sort();
}

danmTest("makes one to eight interfaces, as its result says", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await node.createNetwork("b", { cidr: "10.2.0.0/24", net6: "2001:db8:2::/64", container_prefix: "ext" });
  for (const count of [1, 2, 3, 8]) {
    const requests = Array.from(
      { length: count },
      (_, index) => index % 2 === 0 ? { network: "a", ip: "dynamic" } : { network: "b", ip: "dynamic", ip6: "dynamic" },
    );
    await using container = await node.createContainer(requests);
    const result = await node.attach(container);
    const names = requests.map((_, index) => index === 0 ? "eth0" : index % 2 === 0 ? `eth${index}` : `ext${index}`);
    assertEquals(result.interfaces.map(({ name }) => name), names);
    assertEquals(result.interfaces.map(({ sandbox }) => sandbox), names.map(() => container.netns.path));
    assertEquals(addressesOf(result), await addressesIn(container));
    assertEquals(result.ips.length, count + Math.floor(count / 2));
    await node.detach(container);
    assertEquals(await addressesIn(container), []);
  }
});

danmTest("installs static and policy routes, with one rule per address", async (node) => {
  await node.createNetwork("a", {
    cidr: "10.1.0.0/24",
    net6: "2001:db8:1::/64",
    routes: { "0.0.0.0/0": "10.1.0.1", "10.50.0.0/16": "10.1.0.2" },
    routes6: { "2001:db8:50::/48": "2001:db8:1::1" },
    rt_tables: 150,
  });
  await using container = await node.createContainer([{
    network: "a",
    ip: "10.1.0.77",
    ip6: "2001:db8:1::77",
    proutes: { "10.60.0.0/16": "10.1.0.3" },
    proutes6: { "2001:db8:60::/48": "2001:db8:1::3" },
  }]);
  const result = await node.attach(container);
  assertEquals(result.ips.map(({ address, gateway }) => [address, gateway]), [
    ["10.1.0.77/24", "10.1.0.1"],
    ["2001:db8:1::77/64", undefined],
  ]);
  assertEquals(result.routes, [
    { dst: "0.0.0.0/0", gw: "10.1.0.1" },
    { dst: "10.50.0.0/16", gw: "10.1.0.2" },
    { dst: "2001:db8:50::/48", gw: "2001:db8:1::1" },
  ]);
  assertMatch(
    await container.netns.ip("route"),
    /^default via 10.1.0.1 dev eth0 *\n(.*\n)*10.50.0.0\/16 via 10.1.0.2 dev eth0/,
  );
  assertStringIncludes(await container.netns.ip("-6", "route"), "2001:db8:50::/48 via 2001:db8:1::1 dev eth0");
  assertStringIncludes(await container.netns.ip("route", "show", "table", "150"), "10.60.0.0/16 via 10.1.0.3 dev eth0");
  assertStringIncludes(
    await container.netns.ip("-6", "route", "show", "table", "150"),
    "2001:db8:60::/48 via 2001:db8:1::3 dev eth0",
  );
  assertStringIncludes(await container.netns.ip("rule"), "from 10.1.0.77 lookup 150");
  assertStringIncludes(await container.netns.ip("-6", "rule"), "from 2001:db8:1::77 lookup 150");
  await node.detach(container);
});

danmTest("has IPv6 on where it was asked for, without waiting, and off elsewhere", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" });
  await using container = await node.createContainer([
    { network: "a", ip: "dynamic" },
    { network: "a", ip6: "dynamic" },
    { network: "a", ip: "none" },
  ]);
  await node.attach(container);
  const setting = (link: string, name: string) => container.netns.run("cat", `/proc/sys/net/ipv6/conf/${link}/${name}`);
  const off = await Promise.all(["eth0", "eth1", "eth2"].map((link) => setting(link, "disable_ipv6")));
  assertEquals(off.map((text) => text.trim()), ["1", "0", "1"]);
  assertEquals((await setting("eth1", "accept_ra")).trim(), "0");
  assertEquals((await container.netns.ip("-6", "address", "show", "tentative")).trim(), "");
  await node.detach(container);
});

danmTest("announces the addresses of an interface to who remembers their previous owner", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8:1::/64" });
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.77", ip6: "2001:db8:1::77" }]);
  await node.peer.ip("addr", "add", "10.1.0.1/24", "dev", "uplink");
  await node.peer.ip("addr", "add", "2001:db8:1::1/64", "dev", "uplink", "nodad");
  const previous = ["lladdr", "02:00:00:00:00:99", "dev", "uplink", "nud", "stale"];
  for (const address of ["10.1.0.77", "2001:db8:1::77"]) await node.peer.ip("neigh", "replace", address, ...previous);
  const { interfaces } = await node.attach(container);
  for (const address of ["10.1.0.77", "2001:db8:1::77"]) {
    await eventually(`see ${address} announced`, async () => {
      return (await node.peer.ip("neigh", "show", address)).includes(`lladdr ${interfaces[0]!.mac} `) || undefined;
    });
  }
  await node.detach(container);
});

danmTest("joins networks of all three kinds, and refuses tenants that are not allowed", async (node) => {
  await node.createNetwork("d", { cidr: "10.1.0.0/24" });
  await node.createNetwork("t", { cidr: "10.2.0.0/24" }, { kind: "TenantNetwork" });
  const open = `open-${node.namespace}`;
  const closed = `closed-${node.namespace}`;
  await node.createNetwork(open, { cidr: "10.3.0.0/24" }, { kind: "ClusterNetwork", AllowedTenants: [node.namespace] });
  await node.createNetwork(closed, { cidr: "10.4.0.0/24" }, { kind: "ClusterNetwork", AllowedTenants: ["nobody"] });
  await using allowed = await node.createContainer([
    { network: "d", ip: "dynamic" },
    { tenantNetwork: "t", ip: "dynamic" },
    { clusterNetwork: open, ip: "dynamic" },
  ]);
  assertEquals((await node.attach(allowed)).ips.map(({ address }) => address.replace(/\.\d+\/.*/, "")), [
    "10.1.0",
    "10.2.0",
    "10.3.0",
  ]);
  await node.detach(allowed);
  await using refused = await node.createContainer([{ clusterNetwork: closed, ip: "dynamic" }]);
  assertStringIncludes(await node.attachFails(refused), `namespace is "${node.namespace}", must be one of its`);
});

danmTest("falls back to the default network of the namespace", async (node) => {
  await using container = await node.createContainer();
  assertStringIncludes(await node.attachFails(container), 'no DanmNet or TenantNetwork "default" in its namespace');
  await node.createNetwork("default", { cidr: "10.2.0.0/24" }, { kind: "TenantNetwork" });
  assertMatch((await node.attach(container)).ips[0]!.address, /^10\.2\./);
  await node.detach(container);
  await node.createNetwork("default", { cidr: "10.1.0.0/24", net6: "2001:db8::/64" });
  assertEquals((await node.attach(container)).ips.map(({ address }) => address.slice(0, 5)), ["10.1.", "2001:"]);
  await node.detach(container);
});

danmTest("honours the annotation under both prefixes", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.9" }], "danm.io/interfaces");
  assertEquals((await node.attach(container)).ips[0]!.address, "10.1.0.9/24");
  await node.detach(container);
});

danmTest("says which entry of an annotation is wrong, before anything is made", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const wrong: readonly (readonly [unknown[] | string, string])[] = [
    ["{", "Cannot read annotation danm.k8s.io/interfaces: it is not JSON"],
    [[{ network: "a", ip: "dynamic" }, { network: "a", ipp: "dynamic" }], 'entry 1: key "ipp" is unknown'],
    [[{ network: "nowhere", ip: "dynamic" }], 'entry 0: there is no DanmNet "nowhere"'],
    [[{ network: "a", ip: "10.9.9.9" }], "must be an address of 10.1.0.0/24"],
  ];
  for (const [annotation, problem] of wrong) {
    await using container = await node.createContainer(annotation);
    assertStringIncludes(await node.attachFails(container), problem);
    assertEquals(await addressesIn(container), []);
    assertEquals(await node.leftovers(), []);
  }
});

danmTest("names interfaces after their networks alone when namingScheme is legacy", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", container_prefix: "mgmt" });
  await using container = await node.createContainer([{ network: "a", ip: "none" }, { network: "a", ip: "dynamic" }]);
  const { interfaces } = await node.attach(container, { namingScheme: "legacy" });
  assertEquals(interfaces.map(({ name }) => name), ["eth0", "mgmt"]);
  await node.detach(container);
});

danmTest("tells every parent that is missing, before it makes anything", async (node) => {
  await node.createNetwork("good", { cidr: "10.1.0.0/24" });
  await node.createNetwork("lost", { cidr: "10.2.0.0/24", host_device: "nodevice0" });
  await node.createNetwork("gone", { cidr: "10.3.0.0/24", host_device: "nodevice1" });
  await using container = await node.createContainer(
    ["good", "lost", "good", "gone"].map((network) => ({ network, ip: "dynamic" })),
  );
  const message = await node.attachFails(container);
  assertEquals(message.split("\n"), [
    "CNI network could not be set up: ",
    `interface 1 (eth1, DanmNet ${node.namespace}/lost): host interface nodevice0 of network DanmNet ` +
    `${node.namespace}/lost does not exist on this node`,
    `interface 3 (eth3, DanmNet ${node.namespace}/gone): host interface nodevice1 of network DanmNet ` +
    `${node.namespace}/gone does not exist on this node`,
  ]);
  assertEquals(await addressesIn(container), []);
  assertEquals(await node.leftovers(), []);
});

danmTest(
  "takes everything back and tells every failure when some of several interfaces cannot be made",
  async (node) => {
    await node.createNetwork("good", { cidr: "10.1.0.0/24" });
    await node.createNetwork("full", { cidr: "10.2.0.4/30", routes: { "10.9.0.0/16": "10.2.0.5" } });
    await using container = await node.createContainer(
      ["good", "full", "full", "full", "good"].map((network) => ({ network, ip: "dynamic" })),
    );
    const [heading, ...failures] = (await node.attachFails(container)).split("\n");
    assertEquals(heading, "CNI network could not be set up: ");
    assertEquals(failures.length, 2, failures.join("\n"));
    for (const failure of failures) {
      assertMatch(
        failure,
        /^interface [123] \(eth[123], DanmNet [a-z0-9-]+\/full\): Cannot reserve an IPv4 address on/,
      );
    }
    assertEquals(await addressesIn(container), []);
    assertEquals(await node.leftovers(), []);
  },
);

danmTest("tells who has a static address that is taken", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using first = await node.createContainer([{ network: "a", ip: "10.1.0.8" }]);
  await using second = await node.createContainer([{ network: "a", ip: "10.1.0.8" }]);
  await node.attach(first);
  const message = await node.attachFails(second);
  assertStringIncludes(message, "Cannot reserve 10.1.0.8 on DanmNet");
  const { namespace, name, uid } = first.sandbox.pod;
  assertStringIncludes(message, `taken by Pod ${namespace}/${name} (UID ${uid}, container `);
  await node.detach(first);
  assertEquals((await node.attach(second)).ips[0]!.address, "10.1.0.8/24");
  await node.detach(second);
});

danmTest("cleans its previous attempt when ADD is repeated, and nobody else's", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using other = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  await using container = await node.createContainer([{ network: "a", ip: "10.1.0.20" }]);
  const { ips } = await node.attach(other);
  await node.attach(container);
  assertEquals((await node.attach(container)).ips[0]!.address, "10.1.0.20/24");
  assertEquals(await addressesIn(other), [`eth0 ${ips[0]!.address}`]);
  await Promise.all([node.detach(other), node.detach(container)]);
});

danmTest("detaches as often as it is asked, and when namespace, Pod, network and journal are gone", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24", net6: "2001:db8::/64" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic", ip6: "dynamic" }]);
  await node.attach(container);
  await node.detach(container);
  await node.detach(container);

  await node.attach(container);
  await Deno.remove(`${node.runtime.stateDir}/attachments`, { recursive: true });
  await node.detach(container);
  assertEquals(await addressesIn(container), []);
  assertEquals(await node.leftovers(), []);

  await node.attach(container);
  const { namespace, name } = container.sandbox.pod;
  await node.cluster.kubectl("delete", "pod", name, `--namespace=${namespace}`, "--force", "--grace-period=0");
  await node.cluster.kubectl("delete", "danmnets.danm.k8s.io", "a", `--namespace=${namespace}`);
  await container.netns[Symbol.asyncDispose]();
  await node.runtime.call("DEL", { ...container.sandbox, netns: "" });
});

danmTest("attaches a Pod that kubelet runs from a file, whose UID the API does not know", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  const uid = "0123456789abcdef0123456789abcdef";
  const mirror = { "kubernetes.io/config.mirror": uid };
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }], undefined, mirror);
  const own = { ...container, sandbox: { ...container.sandbox, pod: { ...container.sandbox.pod, uid } } };
  await node.attach(own);
  await node.detach(own);
});

danmTest("refuses a Pod that was replaced by another of its name", async (node) => {
  await node.createNetwork("a", { cidr: "10.1.0.0/24" });
  await using container = await node.createContainer([{ network: "a", ip: "dynamic" }]);
  const pod = { ...container.sandbox.pod, uid: "00000000-0000-0000-0000-000000000000" };
  const replaced = { ...container, sandbox: { ...container.sandbox, pod } };
  assertStringIncludes(await node.attachFails(replaced), "must be 00000000-0000-0000-0000-000000000000 as in CNI_ARGS");
});
