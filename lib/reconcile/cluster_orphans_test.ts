import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AttachableKind } from "../api/attachable.ts";
import { type ClusterView, findOrphans } from "./cluster_orphans.ts";

const NETWORK = { kind: "DanmNet", namespace: "red", name: "a", uid: "net-1" } as const;
const ALIVE = { pods: new Set(["alive"]), networks: new Map([["DanmNet", new Set(["net-1"])]] as const) };

function block(allocations: Readonly<Record<string, string>>, spec: object = { network: NETWORK, base: "10.0.0.0" }) {
  const metadata = { name: "block-1", uid: "block-uid", resourceVersion: "7" };
  return { metadata, spec: { family: "IPv4", size: 16, allocations, ...spec } } as ClusterView["blocks"][number];
}

function endpoint(PodUID: string, apiType: AttachableKind = "DanmNet") {
  const metadata = { name: "ep", namespace: "red", uid: "ep-uid" };
  return { metadata, spec: { PodUID, Pod: "web-0", apiType, NetworkName: "a", NetworkUID: "net-1" } };
}

function look(changes: Partial<ClusterView>) {
  const { orphans, unreadable } = findOrphans({ ...ALIVE, endpoints: [], blocks: [], ...changes });
  const found = orphans.map((left) => {
    const name = left.what === "address" ? left.address : left.name;
    return `${left.what} ${name} of ${left.holder}`;
  });
  return [...found, ...unreadable.map(({ object, name, text }) => `? ${object} ${name}: ${text}`)];
}

const cases: readonly { name: string; view: Partial<ClusterView>; found: readonly string[] }[] = [
  {
    name: "keeps what a Pod has",
    view: { blocks: [block({ 5: "alive/c1/0" })], endpoints: [endpoint("alive")] },
    found: [],
  },
  {
    name: "keeps what another container of a living Pod has: an ADD may be at work",
    view: { blocks: [block({ 5: "alive/older-container/0", 6: "alive/c1/0" })] },
    found: [],
  },
  {
    name: "finds the address and the DanmEp of a Pod that is not there",
    view: { blocks: [block({ 5: "gone/c1/0", 6: "alive/c1/0" })], endpoints: [endpoint("gone")] },
    found: ["address 10.0.0.5 of gone", "endpoint ep of gone"],
  },
  {
    name: "finds IPv6 addresses",
    view: {
      blocks: [block({ 255: "gone/c1/1" }, { network: NETWORK, base: "2001:db8::100", family: "IPv6", size: 256 })],
    },
    found: ["address 2001:db8::1ff of gone"],
  },
  {
    name: "leaves alone what it cannot read",
    view: { blocks: [block({ 1: "somebody", 2: "gone/c1", 3: "gone/c1/x" })], endpoints: [endpoint("")] },
    found: [
      "? AddressBlock block-1: somebody",
      "? AddressBlock block-1: gone/c1",
      "? AddressBlock block-1: gone/c1/x",
      "? DanmEp red/ep: no PodUID",
    ],
  },
  {
    name: "leaves VLAN numbers alone",
    view: { blocks: [block({ 1: "vni:tenant:a:1" }, { device: "ens4", vniType: "vlan", base: "0" })] },
    found: [],
  },
  { name: "keeps empty blocks of networks", view: { blocks: [block({})] }, found: [] },
  {
    name: "finds the empty block of a network that is not there",
    view: { blocks: [block({})], networks: new Map([["DanmNet", new Set(["net-2"])]]) },
    found: ["block block-1 of net-1"],
  },
  {
    name: "keeps the block of a network that is not there while anybody holds an address of it",
    view: { blocks: [block({ 1: "alive/c1/0" }), block({ 1: "who?" })], networks: new Map([["DanmNet", new Set()]]) },
    found: ["? AddressBlock block-1: who?"],
  },
  {
    name: "keeps the blocks of networks whose kind is not installed",
    view: { blocks: [block({})], networks: new Map([["ClusterNetwork", new Set()]]) },
    found: [],
  },
];

for (const { name, view, found } of cases) {
  Deno.test(`findOrphans() ${name}`, () => assertEquals(look(view), found));
}

Deno.test("findOrphans() says where the Pod was, as far as that is known", () => {
  const everywhere = { kind: "ClusterNetwork", name: "a", uid: "net-1" } as const;
  const blocks = [block({ 1: "gone/c/0" }), block({ 1: "gone/c/0" }, { network: everywhere, base: "10.0.0.0" })];
  const view = { ...ALIVE, blocks, endpoints: [endpoint("gone", "ClusterNetwork")] };
  const namespaces = findOrphans(view).orphans.map((left) => left.what === "block" ? left : left.namespace);
  assertEquals(namespaces, ["red", undefined, "red"]);
});

Deno.test("findOrphans() says whose network a definition of another namespace is", () => {
  const { metadata, spec } = endpoint("gone", "NetworkAttachmentDefinition");
  const view = { ...ALIVE, blocks: [], endpoints: [{ metadata, spec: { ...spec, NetworkNamespace: "blue" } }] };
  const { orphans: [orphan] } = findOrphans(view);
  assertEquals(orphan?.network, { kind: "NetworkAttachmentDefinition", namespace: "blue", name: "a", uid: "net-1" });
  assertEquals(orphan?.what === "endpoint" && orphan.namespace, "red");
});

Deno.test("findOrphans() finds exactly what Pods that are not there hold", () => {
  const uid = fc.constantFrom("p1", "p2", "p3", "p4");
  const holders = fc.dictionary(fc.nat(15).map(String), uid);
  fc.assert(fc.property(fc.array(uid), fc.array(holders), fc.array(uid), (pods, blocks, endpoints) => {
    const view = {
      ...ALIVE,
      pods: new Set(pods),
      blocks: blocks.map((held) => block(Object.fromEntries(Object.entries(held).map(([o, p]) => [o, `${p}/c/0`])))),
      endpoints: endpoints.map((pod) => endpoint(pod)),
    };
    const expected = [...blocks.flatMap((held) => Object.values(held)), ...endpoints];
    const holdersFound = findOrphans(view).orphans.map(({ holder }) => holder);
    assertEquals(holdersFound.sort(), expected.filter((pod) => !pods.includes(pod)).sort());
  }));
});
