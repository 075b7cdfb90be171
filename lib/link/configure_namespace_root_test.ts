import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace, type TestNamespace } from "../../tests/netns.ts";
import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import {
  configureNamespace,
  ensureAddress,
  ensureNoLink,
  ensureRoute,
  ensureRule,
  type NamespaceStep,
} from "./configure_namespace.ts";
import type { InterfaceAddress } from "./interface_address.ts";
import { IpError } from "./ip_error.ts";
import { deleteLink, setMac, setMtu, setUp } from "./link_commands.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";
import { readNamespace } from "./read_namespace.ts";
import type { Route } from "./route.ts";
import type { Rule } from "./rule.ts";
import { type Sysctl, SysctlError } from "./sysctl.ts";

/** A name that a setting written with dots would split. */
const DEVICE = "ens1f0.100";

const address4: InterfaceAddress = { device: DEVICE, address: parseAddress("10.0.0.2")!, prefix: 24 };
const address6: InterfaceAddress = { device: DEVICE, address: parseAddress("fd00::2")!, prefix: 64 };
const route4: Route = {
  destination: parseSubnet("10.9.0.0/16")!,
  gateway: parseAddress("10.0.0.1")!,
  device: DEVICE,
  table: 254,
};
const default6: Route = {
  destination: parseSubnet("::/0")!,
  gateway: parseAddress("fd00::1")!,
  device: DEVICE,
  table: 4_294_967_295,
};
const rule4: Rule = { from: address4.address, table: 7 };
const rule6: Rule = { from: address6.address, table: 7 };

const makeDevice: NamespaceStep = { ip: ["link", "add", "name", DEVICE, "type", "bridge"] };
const acceptRa: Sysctl = { key: ["ipv6", "conf", DEVICE, "accept_ra"], value: "0" };
const setup: readonly NamespaceStep[] = [
  { sysctl: acceptRa },
  ensureAddress(address4),
  ensureAddress(address6),
  { ip: setUp(DEVICE) },
  ensureRoute(route4),
  ensureRoute(default6),
  ensureRule(rule4),
  ensureRule(rule6),
];

async function readSysctl(namespace: TestNamespace, ...key: string[]): Promise<string> {
  return (await namespace.run("cat", `/proc/sys/net/${key.join("/")}`)).trim();
}

Deno.test("configureNamespace() sets up what readNamespace() reads", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, [makeDevice, ...setup]);
  const { addresses, routes, rules } = await readNamespace(namespace.path);
  const own = addresses.filter(({ device, prefix }) => device === DEVICE && prefix !== 128);
  assertEquals(own.slice(0, 2), [address4, address6]);
  assertEquals(routes.filter(({ gateway }) => gateway), [route4, default6]);
  assertEquals(rules, [rule4, rule6]);
  assertEquals(await readSysctl(namespace, "ipv6", "conf", DEVICE, "accept_ra"), "0");
});

Deno.test("configureNamespace() can be repeated, also when it was interrupted after any step", async () => {
  for (let done = 0; done <= setup.length; done++) {
    await using namespace = await createNamespace();
    await configureNamespace(namespace.path, [makeDevice, ...setup.slice(0, done)]);
    await configureNamespace(namespace.path, setup);
    const { routes, rules } = await readNamespace(namespace.path);
    assertEquals([routes.filter(({ gateway }) => gateway), rules], [[route4, default6], [rule4, rule6]]);
  }
});

Deno.test("configureNamespace() can run many times at once for the same end", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, [makeDevice]);
  await Promise.all(Array.from({ length: 8 }, () => configureNamespace(namespace.path, setup)));
  const { routes, rules } = await readNamespace(namespace.path);
  assertEquals([routes.filter(({ gateway }) => gateway), rules], [[route4, default6], [rule4, rule6]]);
});

Deno.test("configureNamespace() takes steps in order when some are satisfied and others are not", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, [makeDevice, ...setup]);
  await configureNamespace(namespace.path, [
    ensureRoute(route4),
    { ip: ["route", "del", "10.9.0.0/16"] },
    ensureRoute(route4),
    ensureNoLink("none"),
    ensureRule(rule4),
    { ip: setMtu(DEVICE, 1400) },
  ]);
  const { links, routes } = await readNamespace(namespace.path);
  assertEquals(routes.filter(({ gateway }) => gateway), [route4, default6]);
  assertEquals(links.find(({ name }) => name === DEVICE)?.mtu, 1400);
});

for (
  const [what, step] of Object.entries({
    "a route with another gateway": ensureRoute({ ...route4, gateway: parseAddress("10.0.0.3")! }),
    "a route without a gateway": ensureRoute({ destination: route4.destination, device: DEVICE }),
    "an address on a link that is not there": ensureAddress({ ...address4, device: "none" }),
    "a second link of a name": makeDevice,
    "removing a link that is not there": { ip: deleteLink("none") },
  })
) {
  Deno.test(`configureNamespace() does not take ${what} for a repetition`, async () => {
    await using namespace = await createNamespace();
    await configureNamespace(namespace.path, [makeDevice, ...setup]);
    const before = await readNamespace(namespace.path);
    const steps = [...setup, step, { ip: setMtu(DEVICE, 1400) }];
    const error = await assertRejects(() => configureNamespace(namespace.path, steps), IpError);
    assertEquals([error.index, error.command], [setup.length, "ip" in step ? step.ip : []]);
    assertEquals(await readNamespace(namespace.path), before, "something changed");
  });
}

Deno.test("ensureNoLink() removes a link, and is content without one", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, [makeDevice, ensureNoLink(DEVICE), ensureNoLink(DEVICE)]);
  assertEquals((await readNamespace(namespace.path)).links.map(({ name }) => name), ["lo"]);
});

Deno.test("configureNamespace() goes on when an optional command is refused, and says nothing", async () => {
  await using namespace = await createNamespace();
  await configureNamespace(namespace.path, [
    makeDevice,
    { ip: setMac(DEVICE, "01:00:00:00:00:01"), optional: true }, // a multicast address
    { ip: setMac(DEVICE, "02:00:00:00:00:01"), optional: true },
    { ip: ["-6", "rule", "del", "from", "fd00::9/128", "lookup", "9"], optional: true },
    { ip: setMtu(DEVICE, 1400) },
  ]);
  const { links } = await readNamespace(namespace.path);
  const link = links.find(({ name }) => name === DEVICE);
  assertEquals([link?.mac, link?.mtu], ["02:00:00:00:00:01", 1400]);
});

for (
  const [what, sysctl, reason] of [
    ["does not exist", { key: ["ipv6", "conf", "none", "accept_ra"], value: "0" }, "missing"],
    ["is refused", { key: ["ipv6", "conf", "lo", "accept_ra"], value: "no" }, "refused"],
    ["is refused though optional", { key: ["ipv6", "conf", "lo", "mtu"], value: "1", optional: true }, "refused"],
  ] as const
) {
  Deno.test(`configureNamespace() stops at a setting that ${what}`, async () => {
    await using namespace = await createNamespace();
    const steps = [{ ip: setMtu("lo", 1401) }, { sysctl }, { ip: setMtu("lo", 1402) }];
    const error = await assertRejects(() => configureNamespace(namespace.path, steps), SysctlError);
    assertEquals([error.sysctl, error.reason], [sysctl, reason]);
    assertEquals((await readNamespace(namespace.path)).links[0]?.mtu, 1401);
  });
}

Deno.test("configureNamespace() skips an optional setting that the kernel does not have", async () => {
  await using namespace = await createNamespace();
  const none: Sysctl = { key: ["ipv6", "conf", "none", "accept_ra"], value: "0", optional: true };
  await configureNamespace(namespace.path, [{ sysctl: none }, { ip: setMtu("lo", 1400) }]);
  assertEquals((await readNamespace(namespace.path)).links[0]?.mtu, 1400);
});

Deno.test("configureNamespace() changes the settings of that namespace only", async () => {
  await using namespace = await createNamespace();
  await using other = await createNamespace();
  const key = ["ipv4", "conf", "default", "arp_notify"];
  await configureNamespace(namespace.path, [{ sysctl: { key, value: "1" } }]);
  assertEquals([await readSysctl(namespace, ...key), await readSysctl(other, ...key)], ["1", "0"]);
});

Deno.test("configureNamespace() hands values over as they are", async () => {
  await using namespace = await createNamespace();
  const value = "$(id)'\"; echo 1 #%s\\n";
  const steps = [{ sysctl: { key: ["ipv4", "conf", "lo", "arp_notify"], value } }];
  await assertRejects(() => configureNamespace(namespace.path, steps), SysctlError, value);
});

Deno.test("configureNamespace() takes thousands of commands", async () => {
  await using namespace = await createNamespace();
  const routes = Array.from({ length: 3000 }, (_, index) => {
    const destination = parseSubnet(`fd01:2345:6789:abcd:ef01:2345:6789:${(index + 1).toString(16)}/128`)!;
    return ensureRoute({ destination, device: "lo" });
  });
  await configureNamespace(namespace.path, routes);
  const seen = (await readNamespace(namespace.path)).routes.filter(({ device }) => device === "lo");
  assertEquals(seen.length, routes.length);
});

Deno.test("configureNamespace() tells that the namespace is gone", async () => {
  const error = await assertRejects(() => configureNamespace("/var/run/netns/none", setup), NamespaceMissingError);
  assertEquals(error.path, "/var/run/netns/none");
  await assertRejects(() => readNamespace("/var/run/netns/none"), NamespaceMissingError);
});

Deno.test("configureNamespace() rejects with the reason of a signal", async () => {
  await using namespace = await createNamespace();
  const reason = new Error("too late");
  const run = () => configureNamespace(namespace.path, [makeDevice], AbortSignal.abort(reason));
  assertEquals(await assertRejects(run), reason);
  assertEquals((await readNamespace(namespace.path)).links.length, 1);
});
