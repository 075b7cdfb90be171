import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Network, NetworkKind, NetworkSpec } from "../api/network.ts";
import { formatAddress } from "../net/address.ts";
import { defaultRequest, InterfacePlanError, NetworkNotReadyError, planInterfaces } from "./interface_plan.ts";
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

Deno.test("planInterfaces() tells families that are declined from those nobody mentioned", () => {
  assertEquals(plan({ NetworkType: "macvlan", Options: DUAL }, { ip: "none", ip6: "dynamic" }).declined, [4]);
  assertEquals(plan({ NetworkType: "macvlan", Options: DUAL }, { ip: "dynamic", ip6: "none" }).declined, [6]);
  assertEquals(plan({ NetworkType: "macvlan", Options: DUAL }, { ip: "none", ip6: "none" }).declined, [4, 6]);
  assertEquals(plan({ NetworkType: "macvlan", Options: DUAL }, { ip: "dynamic" }).declined, []);
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
    "a policy route whose gateway is no neighbour",
    { Options: { ...V4, rt_tables: 9 } },
    { ip: "dynamic", proutes: { "10.9.0.0/16": "10.0.1.1" } },
    "key proutes has route 10.9.0.0/16 via 10.0.1.1, whose gateway must be in 10.0.0.0/24",
  ],
  [
    "a policy route by way of the interface itself",
    { Options: { ...V4, rt_tables: 9 } },
    { ip: "10.0.0.9", proutes: { "10.9.0.0/16": "10.0.0.9" } },
    "whose gateway must not be the interface's own address",
  ],
  [
    "two policy routes to one destination",
    { Options: { ...V4, rt_tables: 9 } },
    { ip: "dynamic", proutes: { "10.9.0.0/16": "10.0.0.1", "10.9.1.0/16": "10.0.0.2" } },
    "it has a route to 10.9.0.0/16 via 10.0.0.2 in table 9, where the interface itself has one via 10.0.0.1",
  ],
  [
    "one of the kernel's own tables",
    { Options: { ...V4, rt_tables: 254 } },
    { ip: "dynamic" },
    "Options.rt_tables is 254, must be 1-252 or 256-4294967295: the others are the kernel's own",
  ],
  [
    "sriov on a VXLAN",
    { NetworkID: "x", NetworkType: "SRIOV", Options: { device_pool: "a.b/c", vxlan: 7 } },
    { ip: "none" },
    "Options.vxlan is 7, must be absent",
  ],
  [
    "a route to the network's own subnet",
    { Options: { ...V4, routes: { "10.0.0.77/24": "10.0.0.1" } } },
    { ip: "none" },
    'Options.routes[10.0.0.77/24] is "10.0.0.1", must be absent: 10.0.0.0/24 is the network\'s own cidr',
  ],
  [
    "a gateway outside the subnet",
    { Options: { ...DUAL, routes6: { "::/0": "2001:db9::1" } } },
    { ip: "none" },
    'Options.routes6[::/0] is "2001:db9::1", must be an address in net6 2001:db8::/64',
  ],
  [
    "a gateway that is null",
    JSON.parse('{"Options":{"host_device":"ens1","cidr":"10.0.0.0/24","routes":{"0.0.0.0/0":null}}}'),
    { ip: "none" },
    "Options.routes[0.0.0.0/0] is null, must be an IPv4 address",
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
    'Options.routes is "x", must have IPv4 subnets as destinations',
  ],
];

for (const [what, spec, entry, problem, kind, metadata] of REFUSED) {
  Deno.test(`planInterfaces() refuses ${what}`, () => {
    assertThrows(() => plan(spec, entry, kind, metadata), InterfacePlanError, problem);
  });
}

Deno.test("planInterfaces() leaves out policy routes that have no table or no address, and says so", () => {
  const proutes = { "10.9.0.0/16": "10.0.0.1" };
  const left = (spec: NetworkSpec, entry: object) => {
    const { policyRoutes, warnings } = plan(spec, entry);
    return [policyRoutes.length, ...warnings];
  };
  assertEquals(left({ Options: V4 }, { ip: "dynamic", proutes }), [
    0,
    "key proutes is left out: the network has no rt_tables",
  ]);
  assertEquals(left({ Options: { ...V4, rt_tables: 0 } }, { ip: "dynamic", proutes }), [
    0,
    "key proutes is left out: the network has no rt_tables",
  ]);
  assertEquals(left({ Options: { ...DUAL, rt_tables: 9 } }, { ip6: "dynamic", proutes }), [
    0,
    "key proutes is left out: the interface has no IPv4 address",
  ]);
  assertEquals(left({ Options: { ...V4, rt_tables: 9 } }, { ip: "dynamic", proutes }), [1]);
  assertEquals(left({ NetworkType: "bridge", Options: { rt_tables: 9 } }, { proutes }), [1]);
});

Deno.test("planInterfaces() takes link-local gateways of IPv6", () => {
  const { terms, policyRoutes } = plan(
    { Options: { ...DUAL, rt_tables: 9, routes6: { "::/0": "fe80::1" } } },
    { ip6: "dynamic", proutes6: { "2001:db8:9::/48": "fe80::2" } },
  );
  assertEquals([...terms.routes, ...policyRoutes].map(({ gateway }) => formatAddress(gateway)), ["fe80::1", "fe80::2"]);
});

/** One interface to each network; networks are called a, b, ... */
function planAll(...interfaces: readonly (readonly [NetworkSpec, object])[]) {
  return planInterfaces(
    interfaces.map(([spec, entry], index) => {
      const name = "abc"[index]!;
      const [request] = parseInterfaceRequests(
        "annotation",
        JSON.stringify([{ network: name, ip: "dynamic", ...entry }]),
      );
      return { request: request!, network: network(spec, "DanmNet", { name, uid: name }) };
    }),
    "shop",
    "eth0",
    "numbered",
  );
}

function on(number: number, options: object = {}): NetworkSpec {
  return { Options: { host_device: "ens1", cidr: `10.${number}.0.0/24`, net6: `2001:db8:${number}::/64`, ...options } };
}

const far = (gateway: string) => ({ routes: { "10.99.0.0/16": gateway } });
const EXCLUSIVE: readonly (readonly [string, ReturnType<typeof on>, object, ReturnType<typeof on>, object, string])[] =
  [
    [
      "routes of two networks",
      on(1, far("10.1.0.1")),
      {},
      on(2, far("10.2.0.1")),
      {},
      "to DanmNet shop/b: it has a route to 10.99.0.0/16 via 10.2.0.1 in the main table, where interface 0 to " +
      "DanmNet shop/a has one via 10.1.0.1: there can be only one",
    ],
    [
      "routes of two networks in different spellings",
      on(1, { routes: { "10.99.1.1/16": "10.1.0.1" } }),
      {},
      on(2, far("10.2.0.1")),
      {},
      "it has a route to 10.99.0.0/16 via 10.2.0.1 in the main table",
    ],
    [
      "a route to the subnet of another interface",
      on(1, { routes: { "10.2.0.0/24": "10.1.0.1" } }),
      {},
      on(2),
      {},
      "it has a route to 10.2.0.0/24 on its own link in the main table, where interface 0 to DanmNet shop/a has one via " +
      "10.1.0.1",
    ],
    [
      "policy routes in one table, default routes among them",
      on(1, { rt_tables: 7 }),
      { proutes: { "0.0.0.0/0": "10.1.0.1" } },
      on(2, { rt_tables: 7 }),
      { proutes: { "0.0.0.0/0": "10.2.0.1" } },
      "it has a route to 0.0.0.0/0 via 10.2.0.1 in table 7, where interface 0 to DanmNet shop/a has one via 10.1.0.1",
    ],
    [
      "one link-local gateway on two networks",
      on(1, { routes6: { "2001:db8:99::/48": "fe80::1" } }),
      { ip6: "dynamic" },
      on(2, { routes6: { "2001:db8:99::/48": "fe80::1" } }),
      { ip6: "dynamic" },
      "it has a route to 2001:db8:99::/48 via fe80::1 in the main table",
    ],
  ];

for (const [what, a, first, b, second, problem] of EXCLUSIVE) {
  Deno.test(`planInterfaces() refuses ${what} that exclude each other, and names both`, () => {
    const { message } = assertThrows(() => planAll([a, first], [b, second]), InterfacePlanError, problem);
    assertEquals(message.startsWith("Cannot attach interface 1 to DanmNet shop/b: "), true);
  });
}

const TOGETHER: readonly (readonly [string, ReturnType<typeof on>, object, ReturnType<typeof on>, object])[] = [
  ["the same route", on(1, far("10.1.0.1")), {}, on(1, far("10.1.0.1")), {}],
  [
    "default routes",
    on(1, { routes: { "0.0.0.0/0": "10.1.0.1" } }),
    {},
    on(2, { routes: { "0.0.0.0/0": "10.2.0.1" } }),
    {},
  ],
  ["routes of families without address", on(1, far("10.1.0.1")), { ip: "none" }, on(2, far("10.2.0.1")), {}],
  [
    "policy routes in two tables",
    on(1, { rt_tables: 7 }),
    { proutes: { "0.0.0.0/0": "10.1.0.1" } },
    on(2, { rt_tables: 8 }),
    { proutes: { "0.0.0.0/0": "10.2.0.1" } },
  ],
];

for (const [what, a, first, b, second] of TOGETHER) {
  Deno.test(`planInterfaces() takes two interfaces with ${what}`, () => {
    assertEquals(planAll([a, first], [b, second]).length, 2);
  });
}

Deno.test("planInterfaces() puts off who comes before a TenantNetwork has its number, under either group", () => {
  for (const group of ["danm.k8s.io", "danm.io"]) {
    const metadata = { annotations: { [`${group}/waits-for`]: "vlan" } };
    const error = assertThrows(
      () => plan({ Options: V4 }, { ip: "dynamic" }, "TenantNetwork", metadata),
      NetworkNotReadyError,
      "TenantNetwork shop/net: the network has no vlan number yet",
    );
    assert(error instanceof InterfacePlanError);
    const given = plan({ Options: { ...V4, vlan: 5 } }, { ip: "dynamic" }, "TenantNetwork", metadata);
    assertEquals(given.terms.vlan, 5);
  }
});

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
