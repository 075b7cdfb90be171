import { assertEquals, assertThrows } from "@std/assert";
import type { Network, NetworkKind, NetworkSpec } from "../api/network.ts";
import { formatAddress } from "../net/address.ts";
import { defaultRequest, InterfacePlanError, planInterfaces } from "./interface_plan.ts";
import { parseInterfaceRequests } from "./interface_request.ts";

function network(spec: NetworkSpec, kind: NetworkKind = "DanmNet", metadata: object = {}): Network {
  const namespace = kind === "ClusterNetwork" ? {} : { namespace: "shop" };
  return {
    apiVersion: "danm.k8s.io/v1",
    kind,
    metadata: { name: "net", uid: "1", ...namespace, ...metadata },
    spec,
  } as Network;
}

function plan(spec: NetworkSpec, entry: object, kind: NetworkKind = "DanmNet", metadata: object = {}) {
  const [request] = parseInterfaceRequests("annotation", JSON.stringify([{ network: "net", ...entry }]));
  return planInterfaces(
    [{ request: request!, network: network(spec, kind, metadata) }],
    "shop",
    "eth0",
    "numbered",
  )[0]!;
}

const V4 = { host_device: "ens1", cidr: "10.0.0.0/24" };
const DUAL = { ...V4, net6: "2001:db8::/64" };

Deno.test("planInterfaces() plans an address of each family that is asked for", () => {
  const { addresses, name, terms } = plan({ Options: DUAL }, { ip: "10.0.0.5/24", ip6: "dynamic" });
  assertEquals(
    addresses.map((
      { family, request },
    ) => [family, request.kind === "static" ? formatAddress(request.address) : "any"]),
    [[4, "10.0.0.5"], [6, "any"]],
  );
  assertEquals([name, terms.type, terms.parent], ["eth0", "ipvlan", { device: "ens1" }]);
});

Deno.test("planInterfaces() leaves addresses to a static delegate unless the Pod asks and the network has a subnet", () => {
  const uses = (options: NetworkSpec["Options"], entry: object) =>
    plan({ NetworkType: "bridge", ...(options && { Options: options }) }, entry).usesOwnIpam;
  assertEquals(uses({ cidr: "10.0.0.0/24" }, {}), true);
  assertEquals(uses({ cidr: "10.0.0.0/24" }, { ip: "none" }), true);
  assertEquals(uses(undefined, { ip: "dynamic" }), true);
  assertEquals(uses({ cidr: "10.0.0.0/24" }, { ip6: "dynamic" }), true);
  assertEquals(uses({ cidr: "10.0.0.0/24" }, { ip: "dynamic" }), false);
});

Deno.test("planInterfaces() compares NetworkType without regard to case", () => {
  assertEquals(plan({ NetworkType: "MacVLAN", Options: V4 }, { ip: "none" }).terms.type, "macvlan");
});

Deno.test("planInterfaces() knows the VLAN or VXLAN link an interface is made on", () => {
  const vni = (options: object) =>
    plan({ NetworkID: "x", Options: { ...V4, ...options } }, { ip: "none" }).terms.parent;
  assertEquals(vni({ vlan: 7 }), { device: "ens1", vni: { type: "vlan", id: 7 } });
  assertEquals(vni({ vxlan: 70000 }), { device: "ens1", vni: { type: "vxlan", id: 70000 } });
});

const REFUSED: readonly (readonly [string, NetworkSpec, object, string, NetworkKind?, object?])[] = [
  ["no address key of a dynamic backend", { Options: V4 }, {}, "keys ip and ip6 are missing, must have one or both"],
  ["an address of a family the network lacks", { Options: V4 }, { ip6: "dynamic" }, "the network has no net6"],
  [
    "a static address of a delegate without subnet",
    { NetworkType: "bridge" },
    { ip: "10.0.0.9" },
    "the network has no cidr",
  ],
  [
    "an address outside the subnet",
    { Options: V4 },
    { ip: "10.0.1.5" },
    'key ip is "10.0.1.5/24", must be an address of 10.0.0.0/24',
  ],
  [
    "another prefix length",
    { Options: V4 },
    { ip: "10.0.0.5/16" },
    'key ip is "10.0.0.5/16", must be an address of 10.0.0.0/24',
  ],
  [
    "policy routes without a table",
    { Options: V4 },
    { ip: "dynamic", proutes: { "10.9.0.0/16": "10.0.0.1" } },
    "has no rt_tables",
  ],
  [
    "policy routes of a family without address",
    { Options: { ...DUAL, rt_tables: 9 } },
    { ip6: "dynamic", proutes: { "10.9.0.0/16": "10.0.0.1" } },
    "key proutes is given, but the interface has no IPv4 address",
  ],
  [
    "a namespace that is no tenant",
    { AllowedTenants: ["a", "b"], Options: V4 },
    { ip: "dynamic" },
    'namespace is "shop", must be one of its AllowedTenants a, b',
    "ClusterNetwork",
  ],
  [
    "a network that is being deleted",
    { Options: V4 },
    { ip: "dynamic" },
    "the network is being deleted",
    "DanmNet",
    { deletionTimestamp: "2026-01-01T00:00:00Z" },
  ],
  [
    "a device that no interface can have as name",
    { Options: { ...V4, host_device: "a b" } },
    { ip: "dynamic" },
    "host_device is",
  ],
  [
    "a VLAN out of range",
    { Options: { ...V4, vlan: 4095 } },
    { ip: "dynamic" },
    "Options.vlan is 4095, must be 1-4094",
  ],
  [
    "sriov without a pool of devices",
    { NetworkID: "x", NetworkType: "SRIOV" },
    { ip: "none" },
    "Options.device_pool is missing, must name the resource of a device plugin for sriov",
  ],
  [
    "a broken route",
    { Options: { ...V4, routes: { x: "10.0.0.1" } } },
    { ip: "none" },
    "Options.routes: destination is",
  ],
];

for (const [what, spec, entry, problem, kind, metadata] of REFUSED) {
  Deno.test(`planInterfaces() refuses ${what}`, () => {
    assertThrows(() => plan(spec, entry, kind, metadata), InterfacePlanError, problem);
  });
}

Deno.test("planInterfaces() lets everybody in when AllowedTenants is empty, and named tenants when it is not", () => {
  for (const AllowedTenants of [[], ["other", "shop"]]) {
    assertEquals(plan({ AllowedTenants, Options: V4 }, { ip: "none" }, "ClusterNetwork").index, 0);
  }
});

Deno.test("defaultRequest() asks for an address of every family the network has", () => {
  const { ip, ip6 } = defaultRequest(network({ Options: DUAL }));
  assertEquals([ip, ip6], [{ kind: "dynamic" }, { kind: "dynamic" }]);
  assertEquals(defaultRequest(network({ NetworkType: "flannel" })).ip, undefined);
});
