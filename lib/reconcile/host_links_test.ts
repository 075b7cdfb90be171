import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { Network, NetworkOptions } from "../api/network.ts";
import { isInterfaceName } from "../net/interface_name.ts";
import { definitionLinkSource } from "./attachment_definition.ts";
import { hostLinkText, ownLinkName } from "./host_link.ts";
import { type HostLinkPlan, planHostLinks, type SeenLink } from "./host_links.ts";
import { type LinkSource, networkLinkSource } from "./link_source.ts";

const GROUP = 4242;
const eth1: SeenLink = { index: 2, name: "eth1", mtu: 9000, up: true, group: 0 };
const eth2: SeenLink = { index: 3, name: "eth2", mtu: 1500, up: true, group: 0 };

/** A network that is `age` years old: they count from the oldest. */
function network(name: string, NetworkID: string | undefined, Options: NetworkOptions, age = 0): LinkSource {
  return networkLinkSource({
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata: { name, namespace: "ns", uid: `uid-${name}`, creationTimestamp: `${2020 - age}-01-01T00:00:00Z` },
    spec: { ...(NetworkID !== undefined && { NetworkID }), Options },
  } as Network);
}

function definition(config: object): LinkSource {
  const metadata = { name: "nad", namespace: "ns", uid: "uid-nad", creationTimestamp: "2030-01-01T00:00:00Z" };
  const object = { apiVersion: "k8s.cni.cncf.io/v1", kind: "NetworkAttachmentDefinition" as const, metadata };
  return definitionLinkSource({ ...object, spec: { config: JSON.stringify(config) } });
}

function vlan(name: string, parent: string, id: number, more: Partial<SeenLink> = {}): SeenLink {
  const mtu = parent === "eth1" ? 9000 : 1500;
  return {
    index: 20,
    name,
    mtu,
    up: true,
    group: GROUP,
    kind: "vlan",
    parent,
    vlan: { id, protocol: 0x8100 },
    ...more,
  };
}

function vxlan(name: string, parent: string, id: number, more: Partial<SeenLink> = {}): SeenLink {
  const mtu = parent === "eth1" ? 8950 : 1450;
  const tunnel = { id, parent, port: 4789, group: `239.0.0.${id}` };
  return { index: 21, name, mtu, up: true, group: GROUP, kind: "vxlan", vxlan: tunnel, ...more };
}

const plan = (sources: readonly LinkSource[], ...links: readonly SeenLink[]) => planHostLinks(sources, links, GROUP);

/** What the plan does, in few words. */
function shortly({ changes, remove, keep, problems }: HostLinkPlan): string[] {
  return [
    ...changes.map(({ name, make, setMtu, setUp, addNames = [], ...id }) =>
      [
        make ? `make ${name} for ${hostLinkText(id)}` : `change ${name}`,
        ...(setMtu === undefined ? [] : [`mtu ${setMtu}`]),
        ...addNames.map((name) => `also ${name}`),
        ...(setUp ? ["up"] : []),
      ].join(", ")
    ),
    ...remove.map(({ name }) => `remove ${name}`),
    ...keep.map(({ link, usedBy }) => `keep ${link.name} for ${usedBy}`),
    ...problems.map(({ reason, ...id }) => `${reason} ${hostLinkText(id)}`),
  ];
}

const ext = network("ext", "ext", { host_device: "eth1", vlan: 100 });
const EXT_OWN = ownLinkName({ device: "eth1", type: "vlan", vni: 100 });

const TABLE: readonly { what: string; sources: LinkSource[]; links: SeenLink[]; does: string[] }[] = [
  { what: "makes a VLAN", sources: [ext], links: [eth1], does: ["make ext.100 for vlan 100 on eth1, up"] },
  {
    what: "makes a VXLAN",
    sources: [network("int", "int", { host_device: "eth1", vxlan: 70_000 })],
    links: [eth1],
    does: ["make vx_int for vxlan 70000 on eth1, up"],
  },
  { what: "leaves what is right", sources: [ext], links: [eth1, vlan("ext.100", "eth1", 100)], does: [] },
  { what: "needs no particular name", sources: [ext], links: [eth1, vlan("other", "eth1", 100)], does: [] },
  {
    what: "asks nothing for networks without a number or device",
    sources: [
      network("a", "a", { host_device: "eth1" }),
      network("b", "b", { vlan: 5 }),
      network("c", "c", { device_pool: "p/q", vlan: 5 }),
    ],
    links: [eth1],
    does: [],
  },
  {
    what: "shares a link between networks that agree, named by the older",
    sources: [ext, network("same", "old", { host_device: "eth1", vlan: 100 }, 1)],
    links: [eth1],
    does: ["make old.100 for vlan 100 on eth1, up"],
  },
  {
    what: "never shares one between networks of one NetworkID on different devices",
    sources: [ext, network("two", "ext", { host_device: "eth2", vlan: 100 }, 1)],
    links: [eth1, eth2],
    does: [
      "make ext.100 for vlan 100 on eth2, up",
      `make ${EXT_OWN} for vlan 100 on eth1, up`,
    ],
  },
  {
    what: "never shares one between networks of one NetworkID with different numbers",
    sources: [
      network("a", "id", { host_device: "eth1", vxlan: 7 }, 1),
      network("b", "id", { host_device: "eth1", vxlan: 8 }),
    ],
    links: [eth1, vxlan("vx_id", "eth1", 8)],
    does: [`make ${ownLinkName({ device: "eth1", type: "vxlan", vni: 7 })} for vxlan 7 on eth1, up`],
  },
  {
    what: "leaves a foreign link of the same name alone",
    sources: [ext],
    links: [eth1, { ...eth2, name: "ext.100" }],
    does: [`make ${EXT_OWN} for vlan 100 on eth1, up`],
  },
  {
    what: "tries another name when its own is taken too",
    sources: [ext],
    links: [eth1, { ...eth2, name: "ext.100" }, { ...eth2, name: EXT_OWN }],
    does: [`make ${ownLinkName({ device: "eth1", type: "vlan", vni: 100 }, 1)} for vlan 100 on eth1, up`],
  },
  {
    what: "says that a foreign link is down",
    sources: [ext],
    links: [eth1, vlan("mine", "eth1", 100, { group: 0, up: false })],
    does: ["LinkForeign vlan 100 on eth1"],
  },
  {
    what: "takes neither 802.1ad nor another UDP port for the same",
    sources: [ext, network("int", "int", { host_device: "eth1", vxlan: 1 }, 1)],
    links: [
      eth1,
      vlan("outer", "eth1", 100, { group: 0, vlan: { id: 100, protocol: 0x88a8 } }),
      vxlan("flannel.1", "eth1", 1, { group: 0, vxlan: { id: 1, parent: "eth1", port: 8472 } }),
    ],
    does: ["make vx_int for vxlan 1 on eth1, up", "make ext.100 for vlan 100 on eth1, up"],
  },
  {
    what: "says that another device has the VXLAN number",
    sources: [
      network("a", "a", { host_device: "eth1", vxlan: 7 }, 1),
      network("b", "b", { host_device: "eth2", vxlan: 7 }),
    ],
    links: [eth1, eth2],
    does: ["make vx_a for vxlan 7 on eth1, up", "VniTaken vxlan 7 on eth2"],
  },
  { what: "says that the device is missing", sources: [ext], links: [eth2], does: ["ParentMissing vlan 100 on eth1"] },
  {
    what: "makes a link on a device that is down, and sets it up later",
    sources: [ext],
    links: [{ ...eth1, up: false }],
    does: ["make ext.100 for vlan 100 on eth1", "ParentDown vlan 100 on eth1"],
  },
  {
    what: "sets up, and follows the MTU of the device",
    sources: [ext, network("int", "int", { host_device: "eth2", vxlan: 7 })],
    links: [eth1, eth2, vlan("ext.100", "eth1", 100, { up: false }), vxlan("vx_int", "eth2", 7, { mtu: 1400 })],
    does: ["change ext.100, up", "change vx_int, mtu 1450"],
  },
  {
    what: "removes what nobody asks for",
    sources: [ext],
    links: [eth1, vlan("ext.100", "eth1", 100), vlan("old.7", "eth1", 7), vxlan("vx_old", "eth1", 8)],
    does: ["remove old.7", "remove vx_old"],
  },
  {
    what: "never removes what it did not make",
    sources: [],
    links: [
      eth1,
      vlan("mine.7", "eth1", 7, { group: 0 }),
      vxlan("vx_mine", "eth1", 8, { group: 1 }),
      { ...eth2, group: GROUP, kind: "bridge" },
      vlan('a"b', "eth1", 9),
    ],
    does: [],
  },
  {
    what: "keeps what another link of the host is on",
    sources: [],
    links: [eth1, vlan("old.7", "eth1", 7), vlan("inner", "old.7", 8, { group: 0 })],
    does: ["keep old.7 for inner"],
  },
  {
    what: "replaces the link of a network that moved",
    sources: [network("ext", "ext", { host_device: "eth2", vlan: 101 })],
    links: [eth1, eth2, vlan("ext.100", "eth1", 100)],
    does: ["make ext.101 for vlan 101 on eth2, up", "remove ext.100"],
  },
  {
    what: "takes the link of a renamed device for another one",
    sources: [ext],
    links: [{ ...eth1, name: "lan1" }, vlan("ext.100", "lan1", 100, { mtu: 9000 })],
    does: ["remove ext.100", "ParentMissing vlan 100 on eth1"],
  },
  {
    what: "names a link for the definition that can find it by name only",
    sources: [ext, definition({ type: "macvlan", master: "eth1", vlan: 100 })],
    links: [eth1],
    does: [`make ${EXT_OWN} for vlan 100 on eth1, up`],
  },
  {
    what: "gives a link that has another name the one that a definition needs",
    sources: [ext, definition({ type: "macvlan", master: "eth1", vlan: 100 })],
    links: [eth1, vlan("ext.100", "eth1", 100)],
    does: [`change ext.100, also ${EXT_OWN}`],
  },
  {
    what: "gives no name twice",
    sources: [ext, definition({ type: "macvlan", master: "eth1", vlan: 100 })],
    links: [eth1, vlan("ext.100", "eth1", 100, { otherNames: [EXT_OWN] })],
    does: [],
  },
  {
    what: "takes no name that another link answers to",
    sources: [ext],
    links: [{ ...eth1, otherNames: ["ext.100"] }],
    does: [`make ${EXT_OWN} for vlan 100 on eth1, up`],
  },
  {
    what: "gives no further name to a foreign link",
    sources: [definition({ type: "macvlan", master: "eth1", vlan: 100 })],
    links: [eth1, vlan("mine", "eth1", 100, { group: 0 })],
    does: ["LinkForeign vlan 100 on eth1"],
  },
];

const foreign = { group: 0 };
const calico = { id: 7, parent: "eth1", port: 4789 };
const int7 = network("int", "int", { host_device: "eth1", vxlan: 7 });

/** Links of other software: whether they are the network's, and what is said of them. */
const FOREIGN = {
  "another product's overlay without a group": [
    [int7],
    vxlan("vxlan.calico", "eth1", 7, { ...foreign, vxlan: calico }),
    [
      "VniTaken vxlan 7 on eth1",
    ],
  ],
  "a VXLAN of another group": [
    [int7],
    vxlan("vx", "eth1", 7, { ...foreign, vxlan: { ...calico, group: "239.1.1.1" } }),
    ["VniTaken vxlan 7 on eth1"],
  ],
  "a VXLAN to one remote": [[int7], vxlan("vx", "eth1", 7, { ...foreign, vxlan: { ...calico, group: "10.0.0.1" } }), [
    "VniTaken vxlan 7 on eth1",
  ]],
  "a VXLAN on another device": [[int7], vxlan("vx", "eth2", 7, foreign), ["VniTaken vxlan 7 on eth1"]],
  "a VXLAN on no device": [[int7], vxlan("vx", "eth1", 7, { ...foreign, vxlan: { id: 7, port: 4789 } }), [
    "VniTaken vxlan 7 on eth1",
  ]],
  "a VXLAN on another port": [
    [int7],
    vxlan("flannel.7", "eth1", 7, { ...foreign, vxlan: { ...calico, port: 8472 } }),
    ["make vx_int for vxlan 7 on eth1, up"],
  ],
  "a VXLAN that agrees in all": [[int7], vxlan("mine", "eth1", 7, foreign), []],
  "a VXLAN with another MTU": [[int7], vxlan("mine", "eth1", 7, { ...foreign, mtu: 1400 }), [
    "LinkForeign vxlan 7 on eth1",
  ]],
  "a VLAN that agrees in all": [[ext], vlan("mine", "eth1", 100, foreign), []],
  "a VLAN with a smaller MTU": [[ext], vlan("mine", "eth1", 100, { ...foreign, mtu: 1400 }), [
    "LinkForeign vlan 100 on eth1",
  ]],
  "a VLAN of 802.1ad": [
    [ext],
    vlan("mine", "eth1", 100, { ...foreign, vlan: { id: 100, protocol: 0x88a8 } }),
    ["make ext.100 for vlan 100 on eth1, up"],
  ],
  "a VLAN that keeps its tags": [
    [ext],
    vlan("mine", "eth1", 100, { ...foreign, vlan: { id: 100, protocol: 0x8100, keepsTags: true } }),
    ["LinkForeign vlan 100 on eth1"],
  ],
  "a VLAN that is a port of a bridge": [[ext], vlan("mine", "eth1", 100, { ...foreign, master: "br0" }), [
    "LinkForeign vlan 100 on eth1",
  ]],
  "a VLAN that is down": [[ext], vlan("mine", "eth1", 100, { ...foreign, up: false }), [
    "LinkForeign vlan 100 on eth1",
  ]],
} satisfies Record<string, [readonly LinkSource[], SeenLink, readonly string[]]>;

for (const [what, [sources, link, does]] of Object.entries(FOREIGN)) {
  Deno.test(`planHostLinks() takes ${what} for what it is`, () => {
    const made = plan(sources, eth1, eth2, link);
    assertEquals(shortly(made), does);
    const named = made.wanted[0]?.name;
    assertEquals(
      named === link.name,
      !made.problems.some(({ reason }) => reason === "VniTaken") && !does[0]?.startsWith("make"),
    );
  });
}

Deno.test("planHostLinks() makes anew what DANM made otherwise once", () => {
  const old = vxlan("vx_int", "eth1", 7, { vxlan: { ...calico, group: "239.9.9.9" } });
  assertEquals(shortly(plan([int7], eth1, old)), ["remove vx_int", "VniTaken vxlan 7 on eth1"]);
  assertEquals(shortly(plan([int7], eth1)), ["make vx_int for vxlan 7 on eth1, up"]);
});

Deno.test("planHostLinks() says who has the number and what is wrong with another's link", () => {
  const noteOf = (sources: readonly LinkSource[], link: SeenLink) => plan(sources, eth1, link).problems[0]?.note ?? "";
  assertEquals(
    noteOf([int7], vxlan("vxlan.calico", "eth1", 7, { ...foreign, vxlan: calico })),
    "cannot be made: vxlan.calico on eth1 has that number, which a node can have once",
  );
  assertEquals(
    noteOf([ext], vlan("mine", "eth1", 100, { ...foreign, mtu: 1400 })),
    "is there as mine, which DANM did not make and so does not change: its MTU is 1400, must be 9000 on eth1",
  );
});

for (const { what, sources, links, does } of TABLE) {
  Deno.test(`planHostLinks() ${what}`, () => assertEquals(shortly(plan(sources, ...links)).sort(), [...does].sort()));
}

Deno.test("planHostLinks() says whose the problem is", () => {
  const [problem] = plan([ext], eth2).problems;
  assertMatch(problem!.note, /this node has no interface eth1/);
  assertEquals(problem!.sources, [ext]);
});

Deno.test("networkLinkSource() says why a network can have no link", () => {
  const broken = network("bad", "bad", { host_device: "eth1 up", vlan: 5 });
  assertEquals(broken.wanted, []);
  assertMatch(broken.problems.join(), /Options.host_device is "eth1 up", must be/);
  assertMatch(network("bad", "bad", { host_device: "eth1", vlan: 4095 }).problems.join(), /Options.vlan is 4095/);
});

// What a kernel makes of a plan, so that whole histories can be tried.

function carryOut({ changes, remove }: HostLinkPlan, links: readonly SeenLink[], isUsed: (link: SeenLink) => boolean) {
  const next = links.filter((link) => !remove.includes(link) || isUsed(link));
  for (const { make, name, device, type, vni, setUp, setMtu } of changes) {
    const parent = next.find((link) => link.name === device)!;
    if (make) {
      assertEquals(next.some((link) => link.name === name), false, `${name} exists already`);
      const isTaken = type === "vxlan" && next.some(({ vxlan }) => vxlan?.id === vni && vxlan.port === 4789);
      assertEquals(isTaken, false, `${vni} exists already`);
      const made = type === "vlan" ? vlan(name, device, vni) : vxlan(name, device, vni);
      next.push({ ...made, up: setUp, mtu: type === "vlan" ? parent.mtu : parent.mtu - 50 });
    } else {
      const place = next.findIndex((link) => link.name === name);
      const old = next[place]!;
      next[place] = { ...old, up: old.up || setUp, mtu: setMtu ?? old.mtu };
    }
  }
  return next;
}

const options = fc.oneof(
  fc.record({ host_device: fc.constantFrom("eth1", "eth2", "eth3"), vlan: fc.constantFrom(100, 101) }),
  fc.record({ host_device: fc.constantFrom("eth1", "eth2", "eth3"), vxlan: fc.constantFrom(7, 8) }),
);
const sourcesOf = fc.array(fc.tuple(fc.constantFrom("x", "y", "toolongnames"), options, fc.nat(3)), { maxLength: 6 })
  .map((list) => list.map(([id, options, age], index) => network(`n${index}`, id, options, age)));
const foreignOf = fc.subarray([
  vlan("x.100", "eth2", 100, { group: 0 }),
  vxlan("vx_y", "eth1", 9, { group: 0 }),
  { ...eth2, name: "y.100" },
  vlan("mine", "eth1", 101, { group: 0, up: false, mtu: 1000 }),
]);

Deno.test("planHostLinks() comes to rest, touches nothing foreign and never lets two networks share by name", () => {
  fc.assert(fc.property(sourcesOf, sourcesOf, foreignOf, fc.boolean(), (before, after, foreign, inUse) => {
    const start = [eth1, eth2, ...foreign];
    let links = carryOut(planHostLinks(before, start, GROUP), start, () => false);
    const isUsed = (link: SeenLink) => inUse && link.kind === "vlan";
    for (let pass = 0; pass < 2; pass++) links = carryOut(planHostLinks(after, links, GROUP), links, isUsed);
    const rest = planHostLinks(after, links, GROUP);
    assertEquals(rest.changes, []);
    assertEquals(rest.remove.filter((link) => !isUsed(link)), []);
    for (const link of start) assertEquals(links.includes(link), true, `${link.name} was touched`);
    const failed = new Set(rest.problems.map(hostLinkText));
    for (const desired of rest.wanted) {
      if (desired.name === undefined) assertEquals(failed.has(hostLinkText(desired)), true, hostLinkText(desired));
      else assertEquals(isInterfaceName(desired.name), true);
    }
    const names = rest.wanted.flatMap(({ name }) => name ?? []);
    assertEquals(new Set(names).size, names.length, "two links of one name");
  }));
});

Deno.test("planHostLinks() does not depend on the order of its sources", () => {
  fc.assert(fc.property(sourcesOf, foreignOf, (sources, foreign) => {
    const links = [eth1, eth2, ...foreign];
    assertEquals(
      shortly(planHostLinks(sources.toReversed(), links, GROUP)),
      shortly(planHostLinks(sources, links, GROUP)),
    );
  }));
});
