import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { formatAddress } from "../net/address.ts";
import { isInterfaceName } from "../net/interface_name.ts";
import { vxlanMulticast } from "../net/vni.ts";
import {
  hostLinkGroup,
  type HostLinkId,
  hostLinkMtu,
  isOwnLinkName,
  networkLinkName,
  ownLinkName,
} from "./host_link.ts";

const deviceOf = fc.stringMatching(/^[a-z][a-z0-9.@-]{0,14}$/);
const linkOf: fc.Arbitrary<HostLinkId> = fc.oneof(
  fc.record({ device: deviceOf, type: fc.constant("vlan" as const), vni: fc.integer({ min: 1, max: 4094 }) }),
  fc.record({ device: deviceOf, type: fc.constant("vxlan" as const), vni: fc.integer({ min: 1, max: 16_777_215 }) }),
);

Deno.test("networkLinkName() is the original system's, when the kernel has room for it", () => {
  assertEquals(networkLinkName("ext", { device: "eth1", type: "vlan", vni: 100 }), "ext.100");
  assertEquals(networkLinkName("ext", { device: "eth1", type: "vxlan", vni: 100 }), "vx_ext");
  assertEquals(networkLinkName("internal10", { device: "eth1", type: "vlan", vni: 4094 }), "internal10.4094");
  assertEquals(networkLinkName("internal_10", { device: "eth1", type: "vlan", vni: 4094 }), undefined);
  assertEquals(networkLinkName("thirteenchars", { device: "eth1", type: "vxlan", vni: 1 }), undefined);
});

Deno.test("ownLinkName() is a name the kernel takes, tells devices apart, and is known again", () => {
  fc.assert(fc.property(linkOf, deviceOf, fc.nat(3), (link, device, attempt) => {
    const name = ownLinkName(link, attempt);
    assertEquals([name.length, isInterfaceName(name)], [15, true]);
    assertEquals(isOwnLinkName(ownLinkName(link), link.device), true);
    if (device !== link.device) assertEquals(isOwnLinkName(ownLinkName(link), device), false);
    if (attempt > 0) assertNotEquals(name, ownLinkName(link));
  }));
});

Deno.test("isOwnLinkName() does not take other names for its own", () => {
  for (const name of ["eth1", "ext.100", "vx_ext", "vlan100", "vlan100-", "vlan100-0123456", "vx-1"]) {
    assertEquals(isOwnLinkName(name, "eth1"), false, name);
  }
});

Deno.test("vxlanMulticast() is in 239.0.0.0/8 and different for each number", () => {
  assertEquals([1, 256, 65_537, 16_777_215].map((vni) => formatAddress(vxlanMulticast(vni))), [
    "239.0.0.1",
    "239.0.1.0",
    "239.1.0.1",
    "239.255.255.255",
  ]);
});

Deno.test("hostLinkMtu() leaves room for what VXLAN adds, and none for a tag", () => {
  assertEquals([hostLinkMtu("vlan", 1500), hostLinkMtu("vxlan", 1500)], [1500, 1450]);
});

Deno.test("hostLinkGroup() tells the API groups apart", () => {
  assertNotEquals(hostLinkGroup("danm.k8s.io"), hostLinkGroup("danm.io"));
});

Deno.test("hostLinkGroup() never changes: whatever has another number is nobody's, for ever", () => {
  assertEquals([hostLinkGroup("danm.k8s.io"), hostLinkGroup("danm.io")], [1684106861, 1684106862]);
});
