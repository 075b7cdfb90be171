import { assertEquals } from "@std/assert";
import type { AddressBlock } from "../api/address_block.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import type { Network } from "../api/network.ts";
import { addressReport } from "./address_report.ts";
import { mapDot, mapText } from "./cluster_map.ts";
import { findings } from "./findings.ts";
import { networksReport } from "./networks_report.ts";
import { reportData, reportText } from "./report.ts";
import type { Snapshot } from "./snapshot.ts";

const frame = { apiVersion: "danm.k8s.io/v1" } as const;

const network: Network = {
  ...frame,
  kind: "DanmNet",
  metadata: { name: "web", namespace: "a", uid: "net-1" },
  spec: { NetworkID: "web", NetworkType: "macvlan", Options: { host_device: "eth1", vlan: 7, cidr: "10.0.0.0/29" } },
};

function block(allocations: Record<string, string>, uid = "net-1"): AddressBlock {
  const of = { kind: "DanmNet", namespace: "a", name: "web", uid } as const;
  const spec = { network: of, family: "IPv4", base: "10.0.0.0", size: 16, allocations } as const;
  return { ...frame, kind: "AddressBlock", metadata: { name: `block-${uid}` }, spec };
}

function endpoint(pod: string, Address: string): DanmEp {
  const Interface = {
    ...{ Name: "eth0", Address, AddressIPv6: "none", MacAddress: "02:00:00:00:00:01", DeviceID: "" },
    ...{ proutes: {}, proutes6: {} },
  };
  const place = { Host: "n1", Pod: pod, PodUID: `uid-${pod}`, CID: `cid-${pod}`, netns: "/n" };
  const of = { NetworkName: "web", NetworkType: "macvlan", NetworkUID: "net-1", apiType: "DanmNet" } as const;
  const spec = { ...of, ...place, EndpointID: `uid-${pod}/cid-${pod}/0`, Interface };
  return { ...frame, kind: "DanmEp", metadata: { name: `ep-${pod}`, namespace: "a" }, spec };
}

function pod(name: string) {
  return { metadata: { name, namespace: "a", uid: `uid-${name}` } };
}

/** One Pod on one network: all is well. */
const WELL: Snapshot = {
  networks: [network],
  endpoints: [endpoint("p", "10.0.0.2/29")],
  blocks: [block({ "2": "uid-p/cid-p/0" })],
  pods: [pod("p")],
  services: [],
  hidden: [],
};

const full = Object.fromEntries([1, 2, 3, 4, 5, 6].map((offset) => [offset, "uid-p/cid-p/0"]));

const CASES: readonly (readonly [string, Partial<Snapshot>, readonly string[]])[] = [
  ["nothing wrong", {}, []],
  ["a full pool", { blocks: [block(full)] }, ["6 of 6 addresses of 10.0.0.1-10.0.0.6 are in use"]],
  ["a Pod that is gone", { pods: [] }, ["its Pod a/p (uid-p) is gone"]],
  [
    "an address of a Pod that is gone, without a record",
    { blocks: [block({ "2": "uid-p/cid-p/0", "3": "uid-q/c/0" })] },
    ["10.0.0.3 is held by Pod uid-q, which is gone"],
  ],
  ["a block without its network", { blocks: [...WELL.blocks, block({}, "net-0")] }, [
    "its network DanmNet web is gone",
  ]],
  ["an address that nobody holds", { blocks: [] }, [
    "Pod a/p has 10.0.0.2, which no AddressBlock says is held",
  ]],
  [
    "two Pods with one address",
    { endpoints: [endpoint("p", "10.0.0.2/29"), endpoint("q", "10.0.0.2/29")], pods: [pod("p"), pod("q")] },
    ["Pods a/p and a/q both have 10.0.0.2"],
  ],
  [
    "two sandboxes of one Pod with one address",
    { endpoints: [endpoint("p", "10.0.0.2/29"), endpoint("p", "10.0.0.2/29")] },
    [],
  ],
  ["Pods that are hidden", { pods: [], hidden: [{ list: "pods", text: "hidden" }] }, []],
  ["blocks that are hidden", { blocks: [], hidden: [{ list: "blocks", text: "hidden" }] }, []],
  [
    "a delegate with addresses of its own",
    { blocks: [], networks: [{ ...network, spec: { ...network.spec, NetworkType: "flannel" } }] },
    [],
  ],
];

for (const [what, change, expected] of CASES) {
  Deno.test(`findings() tells of ${what}`, () => {
    assertEquals(findings({ ...WELL, ...change }).map(({ problem }) => problem), expected);
  });
}

Deno.test("networksReport() counts addresses, but not where the blocks are hidden", () => {
  const row = (snapshot: Snapshot) => (reportData(networksReport(snapshot))["networks"] as unknown[])[0];
  const common = { network: "DanmNet/a/web", type: "macvlan", parent: "eth1", vni: "vlan 7", networkId: "web" };
  const counted = { ...common, subnets: "10.0.0.0/29", pods: 1 };
  assertEquals(row(WELL), { ...counted, used: "1", free: "5" });
  const hidden = [{ list: "blocks", text: "Your rights do not show addressblocks" }] as const;
  assertEquals(row({ ...WELL, blocks: [], hidden }), { ...counted, used: null, free: null });
  assertEquals(networksReport({ ...WELL, hidden }).notes, ["Your rights do not show addressblocks"]);
});

Deno.test("addressReport() names the holder of an address, in any spelling", () => {
  const heldBy = (address: { family: 4; value: bigint }) => reportData(addressReport(WELL, address))["networks"];
  assertEquals(heldBy({ family: 4, value: 0x0a000002n }), [
    { network: "DanmNet/a/web", heldBy: "Pod a/p (UID uid-p, container cid-p, interface 0)" },
  ]);
  assertEquals(heldBy({ family: 4, value: 0x0a000003n }), [{ network: "DanmNet/a/web", heldBy: "nobody" }]);
  assertEquals(heldBy({ family: 4, value: 0x0b000003n }), []);
});

Deno.test("reportText() aligns columns, and leaves out the wide ones", () => {
  const section = {
    name: "things",
    columns: ["name", "usedOnes"],
    wide: ["usedOnes"],
    rows: [["a", 1], ["long", undefined]],
  };
  const report = { sections: [section], notes: [] };
  assertEquals(reportText(report, false), "NAME\na\nlong\n");
  assertEquals(reportText(report, true), "NAME   USED ONES\na      1\nlong   -\n");
  assertEquals(reportText({ ...report, sections: [{ ...section, rows: [] }] }, false), "none\n");
});

Deno.test("mapText() and mapDot() draw node, link, network and Pod", () => {
  assertEquals(mapText(WELL), "n1\n└─ DanmNet/a/web (eth1, vlan 7)\n   └─ a/p eth0 10.0.0.2/29\n");
  assertEquals(mapDot(WELL).split("\n").filter((line) => line.includes(" -- ")), [
    '    "a/p eth0 10.0.0.2/29" -- "n1 DanmNet/a/web";',
    '  "n1 DanmNet/a/web" -- "DanmNet/a/web";',
  ]);
});
