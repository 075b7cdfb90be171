import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AddressBlock } from "../api/address_block.ts";
import type { Network, NetworkOptions } from "../api/network.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { segmentOf } from "../admit/network_review.ts";
import { heldVnis, vniBlock, vniBlockBase, vniKey, vniSpaceOf } from "../admit/vni_block.ts";
import { planVnis, type VniPlan, type VniState } from "./vni_plan.ts";

const GROUP = "danm.k8s.io";
const NOW = 2_000_000_000_000;
const VLANS: HostDevice = { name: "ens4", vniType: "vlan", vniRange: "5-7" };

function config(...hostDevices: readonly HostDevice[]): TenantConfig {
  return { apiVersion: "", kind: "TenantConfig", metadata: { name: "config" }, hostDevices };
}

/** A network made at second `age`. */
function network(
  uid: string,
  Options: NetworkOptions,
  { kind = "TenantNetwork", waits = "", owner = "", age = 0 } = {},
) {
  const annotations = {
    ...(waits && { [`${GROUP}/waits-for`]: waits }),
    ...(owner && { [`${GROUP}/vni-owner`]: owner }),
  };
  const creationTimestamp = new Date(NOW + age * 1000).toISOString();
  const metadata = { name: uid, namespace: "ns", uid, creationTimestamp, annotations };
  return { apiVersion: "", kind, metadata, spec: { NetworkID: "a", Options } } as Network;
}

/** A block of which numbers are held. */
function block(space: Parameters<typeof vniBlock>[0], allocations: Readonly<Record<number, string>>): AddressBlock {
  const empty = vniBlock(space, 0, GROUP);
  return { ...empty, spec: { ...empty.spec, allocations } };
}

function plan(state: Partial<VniState>): VniPlan {
  return planVnis({
    group: GROUP,
    networks: [],
    known: new Set(),
    blocks: [],
    config: config(VLANS),
    now: NOW,
    ...state,
  });
}

/** What a plan does, in short. */
function steps({ releases, claims, grants, marked, problems }: VniPlan) {
  return {
    releases: releases.map(({ vni, owner }) => `${vni} ${owner}`),
    claims: claims.map(({ network, segment }) => `${segment.vni} ${network.metadata.uid}`),
    grants: grants.map(({ network, segment, isHeld }) =>
      `${segment.vni} ${network.metadata.uid}${isHeld ? " held" : ""}`
    ),
    marked: marked.map(({ metadata }) => metadata.uid),
    problems: problems.map(({ network, problem }) => `${network.metadata.uid} ${problem}`),
  };
}

const NOTHING = { releases: [], claims: [], grants: [], marked: [], problems: [] };
const ENS = { host_device: "ens4", vlan: 5 };
const ENS4 = { type: "vlan", device: "ens4" } as const;
const waiting = (uid: string, age = 0, host_device = "ens4") => network(uid, { host_device }, { waits: "vlan", age });

Deno.test("planVnis() gives the lowest free numbers, the oldest network first", () => {
  const named = network("c", { host_device: "ens4", vlan: 6 }, { kind: "ClusterNetwork" });
  const state = { networks: [waiting("young", 2), waiting("old", 1), named] };
  assertEquals(steps(plan(state)), { ...NOTHING, grants: ["5 old", "7 young"] });
});

Deno.test("planVnis() says who gets none, and why", () => {
  const blocks = [block(ENS4, { 5: "x", 6: "y", 7: "z" })];
  const networks = ["x", "y", "z"].map((uid, index) => network(uid, { host_device: "ens4", vlan: 5 + index }));
  const full = plan({ blocks, networks: [...networks, waiting("w")] });
  assertEquals(steps(full).problems, ["w waits for a vlan number of ens4, and none is free: all of 5-7 are taken"]);
  const gone = plan({ config: config({ name: "ens5" }), networks: [waiting("w")] });
  assertEquals(steps(gone).problems, [
    "w waits for a vlan number of ens4, and none is free: the TenantConfig has no range for it",
  ]);
});

Deno.test("planVnis() goes on with a number that was taken and not written", () => {
  const blocks = [block(ENS4, { 6: "w" })];
  assertEquals(steps(plan({ blocks, networks: [waiting("w")] })), { ...NOTHING, grants: ["6 w held"] });
  const named = network("c", { host_device: "ens4", vlan: 6 }, { kind: "DanmNet" });
  const taken = steps(plan({ blocks, networks: [waiting("w"), named] }));
  assertEquals(taken, { ...NOTHING, releases: ["6 w"], grants: ["5 w"] });
  const withdrawn = steps(plan({ blocks, networks: [waiting("w")], config: config({ ...VLANS, vniRange: "5" }) }));
  assertEquals(withdrawn, { ...NOTHING, releases: ["6 w"], grants: ["5 w"] });
});

Deno.test("planVnis() gives nothing to a network that is being deleted", () => {
  const network = waiting("w");
  const leaving = { ...network, metadata: { ...network.metadata, deletionTimestamp: "2030-01-01T00:00:00Z" } };
  assertEquals(steps(plan({ networks: [leaving as Network], blocks: [block(ENS4, { 5: "w" })] })), {
    ...NOTHING,
    releases: ["5 w"],
  });
});

Deno.test("planVnis() releases what no network has, whoever it is said to be for", () => {
  const kept = network("a", { host_device: "ens4", vlan: 5 });
  const blocks = [block(ENS4, { 5: "a", 6: "gone", 7: "vni:tenant:a:b:12", 8: "anybody" })];
  assertEquals(steps(plan({ networks: [kept], blocks })).releases, ["6 gone", "7 vni:tenant:a:b:12", "8 anybody"]);
});

Deno.test("planVnis() keeps what a network holds that was there a moment ago", () => {
  const blocks = [block(ENS4, { 5: "a", 6: "b" })];
  assertEquals(steps(plan({ blocks, known: new Set(["a"]) })).releases, ["6 b"]);
});

Deno.test("planVnis() leaves alone what a replica of before may be about to use", () => {
  const young = `vni:tenant:705ab4f5:${NOW / 1000 - 30}`;
  const old = `vni:named:705ab4f5:${NOW / 1000 - 700}`;
  assertEquals(steps(plan({ blocks: [block(ENS4, { 5: young, 6: old })] })).releases, [`6 ${old}`]);
});

Deno.test("planVnis() holds a number for the network that has it, though a replica of before took it for another one", () => {
  const young = `vni:named:705ab4f5:${NOW / 1000 - 30}`;
  const state = { networks: [network("a", ENS)], blocks: [block(ENS4, { 5: young })] };
  assertEquals(steps(plan(state)), { ...NOTHING, releases: [`5 ${young}`], claims: ["5 a"] });
});

Deno.test("planVnis() takes over what was held for a request: it is held for the network, then the mark goes", () => {
  const owner = `vni:tenant:705ab4f5:${NOW / 1000 - 5}`;
  const marked = network("a", { host_device: "ens4", vlan: 5 }, { owner });
  const first = steps(plan({ networks: [marked], blocks: [block(ENS4, { 5: owner })] }));
  assertEquals(first, { ...NOTHING, releases: [`5 ${owner}`], claims: ["5 a"] });
  const second = steps(plan({ networks: [marked], blocks: [block(ENS4, { 5: "a" })] }));
  assertEquals(second, { ...NOTHING, marked: ["a"] });
});

Deno.test("planVnis() moves a VXLAN that was held on a device to where all VXLANs are", () => {
  const owner = `vni:tenant:705ab4f5:${NOW / 1000 - 5}`;
  const marked = network("a", { host_device: "ens4", vxlan: 5 }, { owner });
  const before = block({ type: "vxlan" }, { 5: owner });
  const old = {
    ...before,
    metadata: { name: "vni-vxlan-0123456789abcdef-0" },
    spec: { ...before.spec, device: "ens4" },
  };
  assertEquals(steps(plan({ networks: [marked], blocks: [old] })), {
    ...NOTHING,
    releases: [`5 ${owner}`],
    claims: ["5 a"],
  });
});

Deno.test("planVnis() holds a number for the one that has it, else for the older, and tells both", () => {
  const [old, young] = [network("old", ENS, { age: 1 }), network("young", ENS, { age: 2 })];
  const told = [
    "old has vlan 5 of ens4, which TenantNetwork ns/young has as well",
    "young has vlan 5 of ens4, which TenantNetwork ns/old has as well",
  ];
  const nobody = steps(plan({ networks: [young, old] }));
  assertEquals([nobody.claims, nobody.problems.toSorted()], [["5 old"], told]);
  const held = steps(plan({ networks: [young, old], blocks: [block(ENS4, { 5: "young" })] }));
  assertEquals([held.claims, held.releases, held.problems.toSorted()], [[], [], told]);
});

Deno.test("planVnis() tells of numbers that networks cannot share, and not of those they share on purpose", () => {
  const on = (uid: string, host_device: string, vxlan: number, kind = "ClusterNetwork") =>
    network(uid, { host_device, vxlan }, { kind });
  const shared = plan({ networks: [on("a", "ens4", 700), on("b", "ens4", 700, "DanmNet")] });
  assertEquals(shared.problems, []);
  const apart = plan({ networks: [on("a", "ens4", 700), on("b", "ens5", 700)] });
  assertEquals(steps(apart).problems.length, 2);
  const tenant = plan({
    networks: [on("a", "ens4", 700), on("t", "ens4", 700, "TenantNetwork")],
    blocks: [block({ type: "vxlan" }, { 700: "t" })],
  });
  assertEquals(steps(tenant).problems.length, 2);
});

/** The world when a plan has been carried out. */
function carriedOut(state: VniState, { releases, claims, grants, marked }: VniPlan): VniState {
  const blocks = new Map(state.blocks.map((block) => [block.metadata.name, block]));
  const put = (name: string, change: (allocations: Record<string, string>) => void, made: AddressBlock) => {
    const before = blocks.get(name) ?? made;
    const allocations = { ...before.spec.allocations };
    change(allocations);
    blocks.set(name, { ...before, spec: { ...before.spec, allocations } });
  };
  for (const { block, offset } of releases) put(block, (held) => delete held[offset], blocks.get(block)!);
  for (const { network, segment } of [...claims, ...grants]) {
    const base = vniBlockBase(segment.vni);
    const made = vniBlock(vniSpaceOf(segment), base, GROUP);
    put(made.metadata.name, (held) => held[segment.vni - base] ??= network.metadata.uid!, made);
  }
  const given = new Map(grants.map(({ network, segment }) => [network.metadata.uid, segment]));
  const networks = state.networks.map((network) => {
    const segment = given.get(network.metadata.uid);
    const isMarked = marked.includes(network);
    if (!segment && !isMarked) return network;
    const Options = { ...network.spec.Options, ...(segment && { [segment.type]: segment.vni }) };
    return { ...network, metadata: { ...network.metadata, annotations: {} }, spec: { ...network.spec, Options } };
  });
  return { ...state, networks, blocks: [...blocks.values()] };
}

Deno.test("planVnis() comes to rest: every number held for the one network that has it, whatever there was", () => {
  const device = fc.constantFrom("ens4", "ens5");
  const number = fc.integer({ min: 1, max: 6 });
  const owner = fc.constantFrom("u0", "u1", "u2", "u3", "gone", "vni:tenant:x:1", `vni:tenant:y:${NOW / 1000}`);
  const one = fc.record({
    kind: fc.constantFrom("TenantNetwork", "TenantNetwork", "DanmNet", "ClusterNetwork"),
    host_device: device,
    type: fc.constantFrom("vlan", "vxlan"),
    vni: fc.option(number, { nil: undefined }),
    mark: fc.constantFrom("", "vni:tenant:x:1", `vni:tenant:y:${NOW / 1000}`),
    age: fc.integer({ min: 0, max: 3 }),
  });
  const held = fc.record({ type: fc.constantFrom("vlan", "vxlan"), device, vni: number, owner });
  fc.assert(fc.property(fc.array(one, { maxLength: 6 }), fc.array(held, { maxLength: 8 }), (all, holdings) => {
    const networks = all.map(({ kind, host_device, type, vni, mark, age }, index) =>
      network(`u${index}`, { host_device, ...(vni && { [type]: vni }) }, {
        kind,
        age,
        ...(kind === "TenantNetwork" && { ...(!vni && { waits: type }), owner: mark }),
      })
    );
    const blocks = (["ens4", "ens5"] as const).map((name) =>
      block({ type: "vlan", device: name }, allocations("vlan", holdings.filter(({ device }) => device === name)))
    );
    const devices = ["ens4", "ens5"].flatMap((name): HostDevice[] => [
      { name, vniType: "vlan", vniRange: "1-4" },
      { name, vniType: "vxlan", vniRange: "1-4" },
    ]);
    let state: VniState = {
      group: GROUP,
      networks,
      known: new Set(),
      blocks: [...blocks, block({ type: "vxlan" }, allocations("vxlan", holdings))],
      config: config(...devices),
      now: NOW,
    };
    for (let round = 0; round < 4; round++) state = carriedOut(state, planVnis(state));
    const { problems: _, ...rest } = steps(planVnis(state));
    assertEquals({ ...rest, problems: [] }, NOTHING);
    checkBooks(state);
  }));
});

function allocations(type: string, holdings: readonly { type: string; vni: number; owner: string }[]) {
  return Object.fromEntries(holdings.filter((one) => one.type === type).map(({ vni, owner }) => [vni, owner]));
}

/** No number is held twice, none for nobody but replicas of before, and no tenant's new number is another network's. */
function checkBooks({ networks, blocks }: VniState): void {
  const held = heldVnis(blocks);
  assertEquals(new Set(held.map(vniKey)).size, held.length);
  for (const one of held) {
    const network = networks.find(({ metadata }) => metadata.uid === one.owner);
    if (network === undefined) assertEquals(one.owner, `vni:tenant:y:${NOW / 1000}`);
    else assertEquals(vniKey(segmentOf(network)!), vniKey(one));
  }
}
