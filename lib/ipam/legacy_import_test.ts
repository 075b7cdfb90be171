import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { DanmEp } from "../api/danm_ep.ts";
import { formatAddress } from "../net/address.ts";
import { groupBase } from "./block_geometry.ts";
import { holdings, type KnownPods, legacyEndpoint, recordsIn, UNRECORDED_OWNER } from "./legacy_import.ts";
import { parseOwner } from "./owner.ts";
import { testPool, valueOf } from "./test_network.ts";

const PODS: KnownPods = {
  byName: new Map([["red/web-0", "pod-uid"], ["red/proxy", "file-uid"]]),
  byUid: new Map([["pod-uid", "pod-uid"], ["file-uid", "file-uid"], ["copy-uid", "file-uid"]]),
  mirrored: new Map([["red/proxy", "file-uid"]]),
};

/** A DanmEp as the original wrote it: what it did not know is missing. */
function endpoint(Interface: object, spec: object = {}): DanmEp {
  return {
    metadata: { name: "ep", namespace: "red", uid: "ep-uid" },
    spec: {
      Pod: "web-0",
      CID: "cid",
      Interface: { Name: "eth0", Address: "", AddressIPv6: "", ...Interface },
      ...spec,
    },
  } as DanmEp;
}

const cases: readonly { name: string; endpoint: DanmEp; owner: string; isAlive: boolean }[] = [
  { name: "the Pod of its name", endpoint: endpoint({}), owner: "pod-uid/cid/0", isAlive: true },
  { name: "its index", endpoint: endpoint({ Name: "ext12" }), owner: "pod-uid/cid/12", isAlive: true },
  { name: "a name without index", endpoint: endpoint({ Name: "ext" }), owner: "pod-uid/cid/0", isAlive: true },
  {
    name: "the Pod it names by UID, which another one of its name is not",
    endpoint: endpoint({}, { PodUID: "earlier" }),
    owner: "earlier/cid/0",
    isAlive: false,
  },
  {
    name: "a stand-in for a Pod that is gone",
    endpoint: endpoint({}, { Pod: "web-1" }),
    owner: "ep-uid/cid/0",
    isAlive: false,
  },
  {
    name: "the Pod that kubelet runs from a file, of which the API has a copy",
    endpoint: endpoint({}, { Pod: "proxy", PodUID: "copy-uid" }),
    owner: "file-uid/cid/0",
    isAlive: true,
  },
  {
    name: "the Pod that kubelet runs from a file, of which the API has another copy by now",
    endpoint: endpoint({}, { Pod: "proxy", PodUID: "earlier-copy" }),
    owner: "file-uid/cid/0",
    isAlive: true,
  },
  { name: "no container", endpoint: endpoint({}, { CID: "" }), owner: "pod-uid/unknown/0", isAlive: true },
];

for (const { name, endpoint, owner, isAlive } of cases) {
  Deno.test(`legacyEndpoint() finds the owner: ${name}`, () => {
    const legacy = legacyEndpoint(endpoint, PODS);
    assertEquals([legacy.owner, legacy.isAlive], [owner, isAlive]);
    assertEquals(parseOwner(legacy.owner)?.podUid, legacy.podUid);
  });
}

Deno.test("legacyEndpoint() reads the addresses there are", () => {
  const addresses = (fields: object) => legacyEndpoint(endpoint(fields), PODS).addresses.map(formatAddress);
  assertEquals(addresses({ Address: "10.0.0.5/24", AddressIPv6: "2001:db8::5/64" }), ["10.0.0.5", "2001:db8::5"]);
  assertEquals(addresses({ Address: "none", AddressIPv6: undefined }), []);
});

Deno.test("recordsIn() gives an address with two records to the living Pod, and tells of the other", () => {
  const gone = legacyEndpoint(endpoint({ Address: "10.0.0.5/24" }, { PodUID: "gone" }), PODS);
  const alive = legacyEndpoint(endpoint({ Address: "10.0.0.5/24" }), PODS);
  const elsewhere = legacyEndpoint(endpoint({ Name: "eth1", Address: "192.168.0.5/24" }), PODS);
  const { owners, doubles } = recordsIn(testPool({ cidr: "10.0.0.0/24" }), [gone, alive, elsewhere]);
  assertEquals([...owners], [[valueOf("10.0.0.5"), "pod-uid/cid/0"]]);
  assertEquals(doubles.map(({ holder, other }) => [holder.podUid, other.podUid]), [["pod-uid", "gone"]]);
});

/** `/25` with the offsets of `set` in its bitmap. */
function poolWith(set: readonly number[], options: object = {}) {
  const bytes = new Uint8Array(16);
  for (const offset of [0, 127, ...set]) bytes[offset >> 3]! |= 0x80 >> (offset & 7);
  return testPool({ cidr: "10.0.0.0/25", alloc: bytes.toBase64(), ...options });
}

function held(...args: Parameters<typeof holdings>): [string, string][] {
  return [...holdings(...args)].flatMap((group) =>
    [...group].map(([value, owner]): [string, string] => [formatAddress({ family: 4, value }), owner])
  ).sort();
}

Deno.test("holdings() tells records and the rest apart, and leaves out gateways", () => {
  const routes = { routes: { "0.0.0.0/0": "10.0.0.1" }, allocation_pool: { start: "10.0.0.1", end: "10.0.0.9" } };
  const recorded = new Map([[valueOf("10.0.0.3"), "p/c/0"], [valueOf("10.0.0.50"), "p/c/1"]]);
  assertEquals(held(poolWith([1, 2, 3], routes), recorded), [
    ["10.0.0.2", UNRECORDED_OWNER],
    ["10.0.0.3", "p/c/0"],
    ["10.0.0.50", "p/c/1"],
  ]);
});

Deno.test("holdings() holds no gateway that the pool keeps back itself", () => {
  const pool = poolWith([1], { routes: { "0.0.0.0/0": "10.0.0.1" } });
  assertEquals(held(pool, new Map()), []);
});

Deno.test("holdings() has every set bit and every record once, and a group only once", () => {
  const size = 2 ** 11;
  const offsets = fc.uniqueArray(fc.integer({ min: 1, max: size - 2 }), { maxLength: 60 });
  fc.assert(fc.property(offsets, offsets, (bits, records) => {
    const bytes = new Uint8Array(size / 8);
    for (const offset of bits) bytes[offset >> 3]! |= 0x80 >> (offset & 7);
    const pool = testPool({ cidr: "10.0.0.0/21", alloc: bytes.toBase64() });
    const recorded = new Map(records.map((offset) => [pool.subnet.base + BigInt(offset), `p/c/${offset}`]));
    const groups = [...holdings(pool, recorded)];
    const bases = groups.map((group) => new Set([...group.keys()].map(groupBase)));
    assertEquals([...new Set(bases.flatMap((each) => [...each]))].length, groups.length);
    const all = groups.flatMap((group) => [...group]);
    const expected = [...new Set([...bits, ...records])].map((offset) => {
      const owner = records.includes(offset) ? `p/c/${offset}` : UNRECORDED_OWNER;
      return [pool.subnet.base + BigInt(offset), owner];
    });
    const byValue = (a: readonly unknown[], b: readonly unknown[]) => Number(a[0]) - Number(b[0]);
    assertEquals(all.toSorted(byValue), expected.toSorted(byValue) as typeof all);
  }));
});
