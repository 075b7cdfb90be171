import { assertEquals, assertThrows } from "@std/assert";
import { IpOutputError, parseIpLists } from "./ip_json.ts";
import { findVlan, findVxlan, type Link, parseLink } from "./link.ts";

const BASE = { ifindex: 7, ifname: "x", mtu: 1500, flags: ["BROADCAST", "UP"], group: "0" };

const CASES: readonly { what: string; json: Record<string, unknown>; link: Partial<Link> }[] = [
  { what: "a physical link", json: { address: "02:00:00:00:00:0A" }, link: { mac: "02:00:00:00:00:0a" } },
  { what: "a link that is down", json: { flags: ["BROADCAST"] }, link: { up: false } },
  {
    what: "a VLAN",
    json: {
      link: "eth0",
      group: "4242",
      linkinfo: { info_kind: "vlan", info_data: { protocol: "[33024]", id: 100, flags: ["REORDER_HDR"] } },
    },
    link: { kind: "vlan", parent: "eth0", group: 4242, vlan: { id: 100, protocol: 0x8100 } },
  },
  {
    what: "a VXLAN with a multicast group",
    json: {
      linkinfo: { info_kind: "vxlan", info_data: { id: 77, group: "239.0.0.77", link: "eth0", port: 4789 } },
    },
    link: { kind: "vxlan", vxlan: { id: 77, port: 4789, parent: "eth0", group: "239.0.0.77" } },
  },
  {
    what: "a VXLAN on no link",
    json: { linkinfo: { info_kind: "vxlan", info_data: { id: 5, port: 8472 } } },
    link: { kind: "vxlan", vxlan: { id: 5, port: 8472 } },
  },
  {
    what: "a link whose parent is in another namespace",
    json: { link_index: 9, link_netnsid: 0, linkinfo: { info_kind: "macvlan", info_data: { mode: "bridge" } } },
    link: { kind: "macvlan", foreignParent: 9 },
  },
  {
    what: "a port of a bridge, with an alias",
    json: { master: "br0", ifalias: "0000:3b:02.0", linkinfo: { info_kind: "veth" } },
    link: { kind: "veth", master: "br0", alias: "0000:3b:02.0" },
  },
  {
    what: "a member of a bond, which has the bond's address",
    json: {
      address: "02:00:00:00:00:01",
      master: "bond0",
      linkinfo: { info_slave_kind: "bond", info_slave_data: { state: "ACTIVE", perm_hwaddr: "02:00:00:00:00:0B" } },
    },
    link: { mac: "02:00:00:00:00:01", master: "bond0", ownMac: "02:00:00:00:00:0b" },
  },
  { what: "a tunnel on nothing", json: { link: null, linkinfo: { info_kind: "sit" } }, link: { kind: "sit" } },
];

for (const { what, json, link } of CASES) {
  Deno.test(`parseLink() reads ${what}`, () => {
    const base: Link = { index: 7, name: "x", mtu: 1500, up: true, group: 0 };
    assertEquals(parseLink({ ...BASE, ...json }), { ...base, ...link });
  });
}

for (const field of ["ifindex", "ifname", "mtu"]) {
  Deno.test(`parseLink() names ${field} when it is missing`, () => {
    assertThrows(() => parseLink({ ...BASE, [field]: undefined }), IpOutputError, field);
  });
}

Deno.test("parseIpLists() leaves out the empty objects that ip writes for what a filter hides", () => {
  assertEquals(parseIpLists('[{},{"a":1}]\n[]\n\n[{}]\n'), [[{ a: 1 }], [], []]);
});

for (const text of ["{}", "nonsense", '[{"a":1]']) {
  Deno.test(`parseIpLists() refuses ${text}`, () => void assertThrows(() => parseIpLists(text), IpOutputError));
}

const link = (name: string, more: Partial<Link>): Link => ({ index: 1, name, mtu: 1500, up: true, group: 0, ...more });

Deno.test("findVlan() looks at device and number, not at the name", () => {
  const links = [
    link("eth0.100", { parent: "eth1", vlan: { id: 100, protocol: 0x8100 } }),
    link("eth0.101", { parent: "eth0", vlan: { id: 100, protocol: 0x88a8 } }),
    link("odd", { parent: "eth0", vlan: { id: 100, protocol: 0x8100 } }),
  ];
  assertEquals(findVlan(links, "eth0", 100)?.name, "odd");
  assertEquals(findVlan(links, "eth0", 101), undefined);
  assertEquals(findVlan(links, "eth2", 100), undefined);
});

Deno.test("findVxlan() looks at device, number, port and group, not at the name", () => {
  const links = [
    link("vx_a", { vxlan: { id: 5, parent: "eth1", group: "239.0.0.5", port: 4789 } }),
    link("vx_b", { vxlan: { id: 5, group: "239.0.0.5", port: 4789 } }),
    link("flannel.5", { vxlan: { id: 5, parent: "eth0", group: "239.0.0.5", port: 8472 } }),
    link("vxlan.calico", { vxlan: { id: 5, parent: "eth0", port: 4789 } }),
    link("remote", { vxlan: { id: 5, parent: "eth0", group: "239.0.0.6", port: 4789 } }),
    link("odd", { vxlan: { id: 5, parent: "eth0", group: "239.0.0.5", port: 4789 } }),
  ];
  assertEquals(findVxlan(links, "eth0", 5)?.name, "odd");
  assertEquals(findVxlan(links, "eth0", 6), undefined);
});
