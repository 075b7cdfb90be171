import { assertEquals } from "@std/assert";
import type { Result } from "../../cni/result.ts";
import { formatNetworkStatus } from "./network_status.ts";

const NOTHING: Result = { interfaces: [], ips: [], routes: [], dns: {} };
const POD = "/var/run/netns/pod";

/** The elements of the annotation for one interface, `net1` of `ns/a`. */
function statusOf(result: Partial<Result>, rest: object = {}): Record<string, unknown>[] {
  const made = { network: "ns/a", name: "net1", result: { ...NOTHING, ...result }, isDefault: false, ...rest };
  return JSON.parse(formatNetworkStatus([made]));
}

Deno.test("formatNetworkStatus() writes what the reference client would, letter by letter", () => {
  const text = formatNetworkStatus([
    {
      network: "cbr0",
      name: "eth0",
      isDefault: true,
      result: {
        interfaces: [{ name: "cbr0", mac: "0a:00:00:00:00:01" }, {
          name: "eth0",
          mac: "0a:58:0a:f4:01:02",
          mtu: 1450,
          sandbox: POD,
        }],
        ips: [{ address: "10.244.1.2/24", gateway: "10.244.1.1", interface: 1 }],
        routes: [{ dst: "10.244.0.0/16" }, { dst: "0.0.0.0/0", gw: "10.244.1.1" }],
        dns: {},
      },
    },
    {
      network: "default/macvlan-conf",
      name: "net1",
      isDefault: false,
      result: {
        interfaces: [{ name: "net1", mac: "e6:3c:00:00:00:01", sandbox: POD }],
        ips: [{ address: "192.168.1.205/24", interface: 0 }, { address: "2001:DB8::5/64", interface: 0 }],
        routes: [],
        dns: { nameservers: ["10.0.0.53"], search: [] },
      },
      device: { type: "pci", version: "1.1.0", pci: { "pci-address": "0000:01:02.3" } },
    },
  ]);
  assertEquals(
    text,
    `[{
    "name": "cbr0",
    "interface": "eth0",
    "ips": [
        "10.244.1.2"
    ],
    "mac": "0a:58:0a:f4:01:02",
    "mtu": 1450,
    "default": true,
    "dns": {},
    "gateway": [
        "10.244.1.1"
    ]
},{
    "name": "default/macvlan-conf",
    "interface": "net1",
    "ips": [
        "192.168.1.205",
        "2001:db8::5"
    ],
    "mac": "e6:3c:00:00:00:01",
    "dns": {
        "nameservers": [
            "10.0.0.53"
        ]
    },
    "device-info": {
        "type": "pci",
        "version": "1.1.0",
        "pci": {
            "pci-address": "0000:01:02.3"
        }
    }
}]`,
  );
});

Deno.test("formatNetworkStatus() names an interface of which its plugins say nothing", () => {
  assertEquals(statusOf({}), [{ name: "ns/a", interface: "net1", dns: {} }]);
  assertEquals(formatNetworkStatus([]), "[]");
});

Deno.test("formatNetworkStatus() gives the asked-for interface the addresses that are said to be of none", () => {
  const ips = [{ address: "10.0.0.5/24" }];
  assertEquals(statusOf({ ips })[0]?.["ips"], ["10.0.0.5"]);
  const interfaces = [{ name: "veth0" }, { name: "net1", sandbox: POD }];
  assertEquals(statusOf({ interfaces, ips })[0]?.["ips"], ["10.0.0.5"]);
});

Deno.test("formatNetworkStatus() tells all interfaces of a plugin in the Pod, each with its addresses", () => {
  const result = {
    interfaces: [{ name: "net1b", sandbox: POD }, { name: "br", mac: "0a:00:00:00:00:01" }, {
      name: "net1",
      sandbox: POD,
    }],
    ips: [{ address: "10.0.0.5/24", interface: 0 }, { address: "10.0.1.5/24", interface: 2 }, {
      address: "10.9.0.1/24",
      interface: 1,
    }],
    routes: [{ dst: "0.0.0.0/0", gw: "10.0.1.1" }],
  };
  assertEquals(statusOf(result, { isDefault: true }), [
    { name: "ns/a", interface: "net1b", ips: ["10.0.0.5"], dns: {} },
    { name: "ns/a", interface: "net1", ips: ["10.0.1.5"], default: true, dns: {}, gateway: ["10.0.1.1"] },
  ]);
});

const GATEWAYS: readonly (readonly [Partial<Result>, string[] | undefined])[] = [
  [{ routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1" }, { dst: "::/0", gw: "fe80::1" }] }, ["10.0.0.1", "fe80::1"]],
  [{ routes: [{ dst: "0.0.0.0/0" }], ips: [{ address: "10.0.0.5/24", gateway: "10.0.0.1" }] }, ["10.0.0.1"]],
  [{ routes: [{ dst: "::/0" }], ips: [{ address: "10.0.0.5/24", gateway: "10.0.0.1" }] }, undefined],
  [{ routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1", table: 100 }] }, undefined],
  [{ routes: [{ dst: "0.0.0.0/0", gw: "10.0.0.1", table: 254 }, { dst: "0.0.0.0/0", gw: "10.0.0.1" }] }, ["10.0.0.1"]],
  [{ routes: [{ dst: "10.0.0.0/8", gw: "10.0.0.1" }] }, undefined],
];

for (const [result, gateways] of GATEWAYS) {
  Deno.test(`formatNetworkStatus() has the gateways ${gateways} of ${JSON.stringify(result)}`, () => {
    assertEquals(statusOf(result)[0]?.["gateway"], gateways);
  });
}
