import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { parseOwner } from "../ipam/owner.ts";
import { parseVniRanges } from "../net/vni.ts";
import { nextFreeVni, vniBlock, vniBlockBase, vniBlockName, vniHolders } from "./vni_block.ts";
import { formatVniOwner, parseVniOwner } from "./vni_owner.ts";

const SPACE = { device: "nokia.k8s.io/sriov_ens1f0", type: "vxlan" } as const;

Deno.test("vniBlock() has a name for each device, type and base that is a DNS name", () => {
  const name = vniBlockName(SPACE, 512);
  assertEquals(/^vni-vxlan-[0-9a-f]{16}-512$/.test(name), true);
  assertNotEquals(name, vniBlockName({ ...SPACE, type: "vlan" }, 512));
  assertNotEquals(name, vniBlockName({ ...SPACE, device: "ens4" }, 512));
  assertEquals(vniBlock(SPACE, 512, "danm.io").metadata.name, name);
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

Deno.test("vniHolders() counts the blocks of the space alone", () => {
  const own = vniBlock(SPACE, 256, "danm.io");
  const other = vniBlock({ ...SPACE, type: "vlan" }, 256, "danm.io");
  const taken = (block: typeof own) => ({ ...block, spec: { ...block.spec, allocations: { 3: "a" } } });
  assertEquals([...vniHolders(SPACE, [taken(own), taken(other)])], [[259, "a"]]);
});

Deno.test("nextFreeVni() gives every number of the ranges once, then none", () => {
  const ranges = parseVniRanges("vlan", "20-22,5,7-8")!;
  const taken = new Set<number>();
  const given: number[] = [];
  for (let vni = nextFreeVni(ranges, (n) => taken.has(n)); vni; vni = nextFreeVni(ranges, (n) => taken.has(n))) {
    taken.add(vni);
    given.push(vni);
  }
  assertEquals(given, [20, 21, 22, 5, 7, 8]);
});

Deno.test("parseVniOwner() reads what formatVniOwner() wrote, which no address has for an owner", () => {
  const owner = { purpose: "tenant", request: "705ab4f5-6393-11e8-b7cc-42010a800002", takenAt: 1_700_000_000 } as const;
  const text = formatVniOwner(owner);
  assertEquals(parseVniOwner(text), owner);
  assertEquals(parseOwner(text), undefined);
  for (const other of ["", "vni:tenant::1", "vni:tenant:a:01", "vni:tenant:a:-1", `${text}x`, "pod/container/0"]) {
    assertEquals(parseVniOwner(other), undefined, other);
  }
});
