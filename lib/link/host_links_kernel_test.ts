/** What needs modules that the kernels of small virtual machines lack: ipvlan, 8021q, dummy. */

import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { createNamespace, joinNamespaces, type TestNamespace } from "../../tests/netns.ts";
import { parseAddress } from "../net/address.ts";
import { configureNamespace, ensureAddress, type NamespaceStep } from "./configure_namespace.ts";
import { announce, settingsBeforeUp } from "./interface_settings.ts";
import { ipBatch } from "./ip_batch.ts";
import { IpError, type IpErrorReason } from "./ip_error.ts";
import { findVlan, findVxlan } from "./link.ts";
import {
  addDummy,
  addIpvlan,
  addVlan,
  addVxlan,
  renameLink,
  setAlias,
  setMac,
  setMtu,
  setUp,
} from "./link_commands.ts";
import { readLinks } from "./read_links.ts";
import { readNamespace } from "./read_namespace.ts";

const address4 = parseAddress("10.0.0.2")!;
const address6 = parseAddress("fd00::2")!;
const addAddresses: NamespaceStep[] = [
  ensureAddress({ device: "eth0", address: address4, prefix: 24 }),
  ensureAddress({ device: "eth0", address: address6, prefix: 64 }),
];

/** A host with the link `up0` to a neighbour, which has addresses on `peer0`. */
async function createHost(stack: AsyncDisposableStack): Promise<{ host: TestNamespace; neighbour: TestNamespace }> {
  const host = stack.use(await createNamespace());
  const neighbour = stack.use(await createNamespace());
  await joinNamespaces({ namespace: host, name: "up0" }, { namespace: neighbour, name: "peer0" });
  await neighbour.ip("addr", "add", "10.0.0.1/24", "dev", "peer0");
  await neighbour.ip("addr", "add", "fd00::1/64", "dev", "peer0", "nodad");
  return { host, neighbour };
}

async function failure(run: Promise<void>): Promise<IpErrorReason> {
  return (await assertRejects(() => run, IpError)).reason;
}

Deno.test("addIpvlan() makes a link in the Pod's namespace that its neighbours find at once", async () => {
  await using stack = new AsyncDisposableStack();
  const { host, neighbour } = await createHost(stack);
  const pod = stack.use(await createNamespace());
  // A neighbour that remembers who had the addresses before.
  for (const address of ["10.0.0.2", "fd00::2"]) {
    const entry = [address, "lladdr", "02:00:00:00:00:99", "dev", "peer0", "nud", "stale"];
    await neighbour.ip("neigh", "replace", ...entry);
  }
  await ipBatch([setMtu("up0", 1400), addIpvlan({ parent: "up0", name: "tmp0", netnsPath: pod.path })], host.path);
  await configureNamespace(pod.path, [
    { ip: renameLink("tmp0", "eth0") },
    ...settingsBeforeUp("eth0", { ipv6: true }),
    ...addAddresses,
    { ip: setUp("eth0") },
  ]);
  const [parent] = await readLinks(host.path, { name: "up0" });
  const [link] = await readLinks(pod.path, { name: "eth0" });
  assertEquals(
    [link?.kind, link?.mtu, link?.mac, link?.foreignParent],
    ["ipvlan", 1400, parent?.mac, parent?.index],
  );
  assertEquals((await pod.ip("-6", "addr", "show", "tentative")).includes("fd00::2"), false);
  for (const address of ["10.0.0.2", "fd00::2"]) {
    await eventually(`see ${address} announced`, async () => {
      return (await neighbour.ip("neigh", "show", address)).includes(`lladdr ${link?.mac} `) || undefined;
    });
  }
});

Deno.test("addIpvlan() needs a name that is free beside the parent too, on kernels before 6.15", async () => {
  await using stack = new AsyncDisposableStack();
  const { host } = await createHost(stack);
  const pod = stack.use(await createNamespace());
  await ipBatch([addDummy("eth0")], host.path);
  const [major, minor] = Deno.osRelease().split(".").map(Number) as [number, number];
  const direct = ipBatch([addIpvlan({ parent: "up0", name: "eth0", netnsPath: pod.path })], host.path);
  if (major > 6 || (major === 6 && minor >= 15)) await direct;
  else assertEquals(await failure(direct), "exists");
});

Deno.test("an ipvlan link without IPv6 has no IPv6 address, and announce() is no failure on it", async () => {
  await using stack = new AsyncDisposableStack();
  const { host } = await createHost(stack);
  const pod = stack.use(await createNamespace());
  await ipBatch([addIpvlan({ parent: "up0", name: "eth0", netnsPath: pod.path })], host.path);
  await configureNamespace(pod.path, [
    ...settingsBeforeUp("eth0", { ipv6: false }),
    addAddresses[0]!,
    { ip: setUp("eth0") },
    ...announce("eth0", "02:00:00:00:00:01"),
  ]);
  const { addresses } = await readNamespace(pod.path);
  assertEquals(addresses.filter(({ device }) => device === "eth0").map(({ address }) => address), [address4]);
});

Deno.test("ipBatch() tells why an ipvlan link cannot be made or used", async () => {
  await using stack = new AsyncDisposableStack();
  const { host } = await createHost(stack);
  const pod = stack.use(await createNamespace());
  const other = stack.use(await createNamespace());
  const add = (parent: string, { path }: TestNamespace) =>
    ipBatch([addIpvlan({ parent, name: "eth0", netnsPath: path })], host.path);
  assertEquals(await failure(add("none", pod)), "missing");
  await add("up0", pod);
  assertEquals(await failure(add("up0", pod)), "exists");
  await configureNamespace(pod.path, addAddresses);
  await configureNamespace(pod.path, addAddresses);
  await add("up0", other);
  // The kernel guards against two ipvlan links of one parent having the same address.
  for (const step of addAddresses) assertEquals(await failure(configureNamespace(other.path, [step])), "busy");
  const macvlan = ["link", "add", "link", "up0", "name", "mac0", "type", "macvlan", "mode", "bridge"];
  assertEquals(await failure(ipBatch([macvlan], host.path)), "busy");
});

Deno.test("addVlan() makes a link that findVlan() finds, and whose number nobody else can have", async () => {
  await using stack = new AsyncDisposableStack();
  const { host } = await createHost(stack);
  await ipBatch([addVlan({ parent: "up0", name: "net.100", id: 100, group: 4242 }), setUp("net.100")], host.path);
  const links = await readLinks(host.path);
  const link = findVlan(links, "up0", 100);
  assertEquals(
    [link?.name, link?.kind, link?.parent, link?.mtu, link?.up, link?.group],
    ["net.100", "vlan", "up0", 1500, true, 4242],
  );
  assertEquals(findVlan(links, "up0", 101), undefined);
  assertEquals(await failure(ipBatch([addVlan({ parent: "up0", name: "more", id: 100 })], host.path)), "exists");
  const stacked = ["link", "add", "link", "up0", "name", "outer", "type", "vlan", "protocol", "802.1ad", "id", "101"];
  await ipBatch([stacked], host.path);
  assertEquals(findVlan(await readLinks(host.path), "up0", 101), undefined);
});

Deno.test("addVxlan() refuses a number that another link has", async () => {
  await using stack = new AsyncDisposableStack();
  const { host } = await createHost(stack);
  const vxlan = { parent: "up0", id: 7, multicast: parseAddress("239.0.0.7")! };
  await ipBatch([addVxlan({ ...vxlan, name: "vx_net" })], host.path);
  assertEquals(findVxlan(await readLinks(host.path), "up0", 7)?.name, "vx_net");
  assertEquals(await failure(ipBatch([addVxlan({ ...vxlan, name: "vx_more" })], host.path)), "exists");
});

Deno.test("addIpvlan() takes a VLAN as its parent", async () => {
  await using stack = new AsyncDisposableStack();
  const { host, neighbour } = await createHost(stack);
  const pod = stack.use(await createNamespace());
  await ipBatch([
    addVlan({ parent: "up0", name: "net.100", id: 100 }),
    setUp("net.100"),
    addIpvlan({ parent: "net.100", name: "eth0", netnsPath: pod.path }),
  ], host.path);
  await ipBatch([addVlan({ parent: "peer0", name: "tagged", id: 100 }), setUp("tagged")], neighbour.path);
  const steps = [...settingsBeforeUp("eth0", { ipv6: true }), ...addAddresses, { ip: setUp("eth0") }];
  await neighbour.ip("neigh", "replace", "10.0.0.2", "lladdr", "02:00:00:00:00:99", "dev", "tagged", "nud", "stale");
  await configureNamespace(pod.path, steps);
  const [link] = await readLinks(pod.path, { name: "eth0" });
  await eventually("see the announcement through the VLAN", async () => {
    return (await neighbour.ip("neigh", "show", "dev", "tagged")).includes(`lladdr ${link?.mac} `) || undefined;
  });
});

Deno.test("addDummy() makes a link that carries addresses, a MAC and an alias", async () => {
  await using pod = await createNamespace();
  await configureNamespace(pod.path, [
    { ip: addDummy("eth0") },
    { ip: setAlias("eth0", "0000:3b:02.0") },
    { ip: setMac("eth0", "02:00:00:00:00:05") },
    ...settingsBeforeUp("eth0", { ipv6: true }),
    ...addAddresses,
    { ip: setUp("eth0") },
  ]);
  const { links, addresses } = await readNamespace(pod.path);
  const link = links.find(({ name }) => name === "eth0");
  assertEquals([link?.kind, link?.alias, link?.mac], ["dummy", "0000:3b:02.0", "02:00:00:00:00:05"]);
  const own = addresses.filter(({ device }) => device === "eth0").map(({ address }) => address);
  assertEquals(own.slice(0, 2), [address4, address6]);
});
