import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/cluster/eventually.ts";
import { createNamespace, joinNamespaces, type TestNamespace } from "../../tests/netns.ts";
import { parseAddress } from "../net/address.ts";
import { configureNamespace, ensureAddress, type NamespaceStep } from "./configure_namespace.ts";
import { announce, ipv6Off, settingsBeforeUp, settingsForNewLinks } from "./interface_settings.ts";
import { ipBatch } from "./ip_batch.ts";
import { setUp } from "./link_commands.ts";
import { readLinks } from "./read_links.ts";

const ADDRESSES = ["10.0.0.2", "fd00::2"];
const addAddresses: NamespaceStep[] = [
  ensureAddress({ device: "eth0", address: parseAddress("10.0.0.2")!, prefix: 24 }),
  ensureAddress({ device: "eth0", address: parseAddress("fd00::2")!, prefix: 64 }),
];

/** A neighbour that remembers who had the addresses before, so that only an announcement makes it change its mind. */
async function rememberPreviousOwner(neighbour: TestNamespace): Promise<void> {
  for (const address of ADDRESSES) {
    const entry = [address, "lladdr", "02:00:00:00:00:99", "dev", "peer0", "nud", "stale"];
    await neighbour.ip("neigh", "replace", ...entry);
  }
}

async function waitForAnnouncement(neighbour: TestNamespace, address: string, mac: string): Promise<void> {
  await eventually(`see ${address} announced by ${mac}`, async () => {
    return (await neighbour.ip("neigh", "show", address)).includes(`lladdr ${mac} `) || undefined;
  });
}

async function waitForAnnouncements(neighbour: TestNamespace, mac: string): Promise<void> {
  for (const address of ADDRESSES) await waitForAnnouncement(neighbour, address, mac);
}

async function macOf(namespace: TestNamespace): Promise<string> {
  return (await readLinks(namespace.path, { name: "eth0" }))[0]!.mac!;
}

/** A host with link `up0` to a neighbour, and a Pod with a macvlan `eth0` on it, made after `before` and still down. */
async function createPod(
  stack: AsyncDisposableStack,
  before: readonly NamespaceStep[] = [],
): Promise<{ pod: TestNamespace; neighbour: TestNamespace }> {
  const host = stack.use(await createNamespace());
  const pod = stack.use(await createNamespace());
  const neighbour = stack.use(await createNamespace());
  await joinNamespaces({ namespace: host, name: "up0" }, { namespace: neighbour, name: "peer0" });
  await neighbour.ip("addr", "add", "10.0.0.1/24", "dev", "peer0");
  await neighbour.ip("addr", "add", "fd00::1/64", "dev", "peer0", "nodad");
  await configureNamespace(pod.path, before);
  const macvlan = ["type", "macvlan", "mode", "bridge"];
  await ipBatch([["link", "add", "link", "up0", "name", "eth0", "netns", pod.path, ...macvlan]], host.path);
  return { pod, neighbour };
}

Deno.test("settingsBeforeUp() makes the kernel announce the addresses when the link goes up", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod, neighbour } = await createPod(stack);
  await rememberPreviousOwner(neighbour);
  await configureNamespace(pod.path, [...settingsBeforeUp("eth0", { ipv6: true }), ...addAddresses, {
    ip: setUp("eth0"),
  }]);
  await waitForAnnouncements(neighbour, await macOf(pod));
});

Deno.test("announce() announces the addresses of a link that is up", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod, neighbour } = await createPod(stack);
  await configureNamespace(pod.path, [...addAddresses, { ip: setUp("eth0") }]);
  await rememberPreviousOwner(neighbour);
  await configureNamespace(pod.path, announce("eth0", await macOf(pod)));
  await waitForAnnouncements(neighbour, await macOf(pod));
});

Deno.test("announce() announces the addresses of a veth link, whose carrier comes after it is up", async () => {
  await using pod = await createNamespace();
  await using neighbour = await createNamespace();
  await joinNamespaces({ namespace: pod, name: "eth0" }, { namespace: neighbour, name: "peer0" });
  await neighbour.ip("addr", "add", "10.0.0.1/24", "dev", "peer0");
  await neighbour.ip("addr", "add", "fd00::1/64", "dev", "peer0", "nodad");
  await configureNamespace(pod.path, addAddresses);
  await rememberPreviousOwner(neighbour);
  await configureNamespace(pod.path, announce("eth0", await macOf(pod)));
  await waitForAnnouncements(neighbour, await macOf(pod));
});

Deno.test("announce() is no failure on a link that cannot change its address", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, announce("lo", "02:00:00:00:00:01"));
});

Deno.test("settingsForNewLinks() makes IPv6 addresses that a delegate adds usable and announced at once", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod, neighbour } = await createPod(stack, settingsForNewLinks());
  await pod.ip("link", "set", "dev", "eth0", "up");
  await rememberPreviousOwner(neighbour);
  await pod.ip("addr", "add", "10.0.0.2/24", "dev", "eth0");
  await pod.ip("addr", "add", "fd00::2/64", "dev", "eth0");
  assertEquals((await pod.ip("-6", "addr", "show", "tentative")).includes("fd00::2"), false);
  assertEquals(await pod.run("cat", "/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
  await waitForAnnouncement(neighbour, "fd00::2", await macOf(pod));
  // IPv4 has no such moment; this is why announce() is there.
  await configureNamespace(pod.path, announce("eth0", await macOf(pod)));
  await waitForAnnouncement(neighbour, "10.0.0.2", await macOf(pod));
});

Deno.test("settingsForNewLinks() makes IPv6 addresses usable at once where the namespace has detection on for all", async () => {
  await using pod = await createNamespace();
  await pod.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/accept_dad");
  await configureNamespace(pod.path, settingsForNewLinks());
  await pod.ip("link", "add", "name", "eth0", "type", "veth", "peer", "name", "other");
  for (const link of ["other", "eth0"]) await pod.ip("link", "set", "dev", link, "up");
  await pod.ip("addr", "add", "fd00::2/64", "dev", "eth0");
  assertEquals((await pod.ip("-6", "addr", "show", "tentative")).includes("fd00::2"), false);
});

Deno.test("settingsBeforeUp() makes IPv6 addresses usable at once, where the namespace has IPv6 off", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod } = await createPod(stack);
  await pod.run("sh", "-c", "for all in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$all; done");
  await assertRejects(() => configureNamespace(pod.path, addAddresses));
  await configureNamespace(pod.path, [...settingsBeforeUp("eth0", { ipv6: true }), ...addAddresses, {
    ip: setUp("eth0"),
  }]);
  const addresses = await pod.ip("-6", "addr", "show", "dev", "eth0");
  assertEquals([addresses.includes("fd00::2/64"), addresses.includes("fe80::")], [true, true]);
  assertEquals(addresses.includes("tentative"), false, addresses);
});

Deno.test("settingsBeforeUp() leaves no IPv6 address on the link when none is wanted", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod } = await createPod(stack);
  await configureNamespace(pod.path, [
    ...settingsBeforeUp("eth0", { ipv6: false }),
    addAddresses[0]!,
    { ip: setUp("eth0") },
  ]);
  assertEquals(await pod.ip("-6", "addr", "show", "dev", "eth0"), "");
  assertEquals((await pod.ip("-6", "addr", "show", "dev", "lo")).includes("::1"), true);
});

Deno.test("ipv6Off() takes IPv6 from a link that is up", async () => {
  await using stack = new AsyncDisposableStack();
  const { pod } = await createPod(stack);
  await configureNamespace(pod.path, [...addAddresses, { ip: setUp("eth0") }, ipv6Off("eth0")]);
  assertEquals(await pod.ip("-6", "addr", "show", "dev", "eth0"), "");
  assertEquals((await pod.ip("-4", "addr", "show", "dev", "eth0")).includes("10.0.0.2/24"), true);
});

Deno.test("settingsBeforeUp() asks for IPv6 settings only when the kernel must have them", () => {
  const optional = (ipv6: boolean) =>
    settingsBeforeUp("eth0", { ipv6 }).filter(({ sysctl }) => sysctl.key[0] === "ipv6").map(({ sysctl }) =>
      sysctl.optional
    );
  assertEquals(optional(false), [true]);
  assertEquals(optional(true), [false, false, false, false]);
});
