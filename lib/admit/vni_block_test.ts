import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { heldVnis, vniBlock, vniBlockBase, vniBlockName, vniKey, vniSpaceOf } from "./vni_block.ts";

const VLANS = { device: "nokia.k8s.io/sriov_ens1f0", type: "vlan" } as const;
const VXLANS = { type: "vxlan" } as const;

Deno.test("vniBlock() has a name for each space and base that is a DNS name", () => {
  const name = vniBlockName(VLANS, 512);
  assertEquals(/^vni-vlan-[0-9a-f]{16}-512$/.test(name), true);
  assertNotEquals(name, vniBlockName({ ...VLANS, device: "ens4" }, 512));
  assertEquals(vniBlockName(VXLANS, 512), "vni-vxlan-512");
  assertEquals(vniBlock(VLANS, 512, "danm.io").metadata.name, name);
});

Deno.test("vniSpaceOf() is one for the VXLANs of all devices, and one for the VLANs of each", () => {
  assertEquals(vniSpaceOf({ type: "vxlan", device: "ens4" }), vniSpaceOf({ type: "vxlan", device: "ens5" }));
  assertNotEquals(vniSpaceOf({ type: "vlan", device: "ens4" }), vniSpaceOf({ type: "vlan", device: "ens5" }));
});

Deno.test("vniKey() tells apart what can be on one node", () => {
  const keys = [
    { type: "vlan", device: "ens4", vni: 7 },
    { type: "vlan", device: "ens5", vni: 7 },
    { type: "vlan", device: "ens4", vni: 8 },
    { type: "vxlan", device: "ens4", vni: 7 },
  ] as const;
  assertEquals(new Set(keys.map(vniKey)).size, 4);
  assertEquals(vniKey({ type: "vxlan", device: "ens5", vni: 7 }), vniKey(keys[3]));
});

Deno.test("vniBlockBase() leaves room for a whole block below the highest number of either type", () => {
  for (const [highest, end] of [[4094, 4096], [16_777_215, 16_777_216]] as const) {
    assertEquals(vniBlockBase(highest) + 256 <= end, true);
  }
  fc.assert(fc.property(fc.integer({ min: 1, max: 16_777_215 }), (vni) => {
    const base = vniBlockBase(vni);
    assertEquals([base % 256, base <= vni, vni < base + 256], [0, true, true]);
  }));
});

Deno.test("heldVnis() finds every number, and no address", () => {
  const taken = (block: ReturnType<typeof vniBlock>) => ({
    ...block,
    spec: { ...block.spec, allocations: { 3: "a" } },
  });
  const { device: _, vniType: __, ...addresses } = vniBlock(VLANS, 0, "danm.io").spec;
  const held = heldVnis([
    taken(vniBlock(VLANS, 256, "danm.io")),
    taken(vniBlock(VXLANS, 0, "danm.io")),
    taken({ ...vniBlock(VLANS, 0, "danm.io"), spec: { ...addresses, base: "10.0.0.0" } }),
  ]);
  assertEquals(held.map(({ type, device, vni, owner }) => [type, device, vni, owner]), [
    ["vlan", VLANS.device, 259, "a"],
    ["vxlan", undefined, 3, "a"],
  ]);
});
