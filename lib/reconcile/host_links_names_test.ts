/** Interfaces that answer to several names. */

import { assertEquals } from "@std/assert";
import type { Network, NetworkOptions } from "../api/network.ts";
import { formatAddress } from "../net/address.ts";
import { vxlanMulticast } from "../net/vni.ts";
import type { AttachmentDefinition } from "../api/attachment_definition.ts";
import { definitionLinkSource } from "./attachment_definition.ts";
import { hostLinkText, ownLinkName } from "./host_link.ts";
import { type HostLinkPlan, planHostLinks, type SeenLink } from "./host_links.ts";
import { type LinkSource, networkLinkSource } from "./link_source.ts";

const GROUP = 4242;
const eth1: SeenLink = { index: 2, name: "eth1", mtu: 1500, up: true, group: 0 };
/** `eth1`, as people know it who go by where it is plugged in. */
const known: SeenLink = { ...eth1, otherNames: ["enp1s0"] };
const OWN = { up: true, group: GROUP };

function network(NetworkID: string, Options: NetworkOptions): LinkSource {
  const metadata = { name: NetworkID, namespace: "ns", uid: NetworkID, creationTimestamp: "2020-01-01T00:00:00Z" };
  return networkLinkSource({
    apiVersion: "danm.k8s.io/v1",
    kind: "DanmNet",
    metadata,
    spec: { NetworkID, Options },
  } as Network);
}

function definition(config: object): LinkSource {
  const metadata = { name: "nad", namespace: "ns", uid: "uid-nad", creationTimestamp: "2030-01-01T00:00:00Z" };
  const object = { apiVersion: "k8s.cni.cncf.io/v1", kind: "NetworkAttachmentDefinition", metadata } as const;
  return definitionLinkSource({ ...object, spec: { config: JSON.stringify(config) } } as AttachmentDefinition);
}

function vlan(name: string, parent: string, id: number): SeenLink {
  return { ...OWN, index: 20, name, mtu: 1500, kind: "vlan", parent, vlan: { id, protocol: 0x8100 } };
}

function vxlan(name: string, parent: string, id: number): SeenLink {
  const group = formatAddress(vxlanMulticast(id));
  return { ...OWN, index: 21, name, mtu: 1450, kind: "vxlan", vxlan: { id, parent, port: 4789, group } };
}

/** What the plan does, in few words. */
function shortly({ changes, remove, problems }: HostLinkPlan): string[] {
  return [
    ...changes.map(({ name, make, setUp, addNames = [], ...id }) =>
      [
        make ? `make ${name} for ${hostLinkText(id)}` : `change ${name}`,
        ...addNames.map((name) => `also ${name}`),
        ...(setUp ? ["up"] : []),
      ].join(", ")
    ),
    ...remove.map(({ name }) => `remove ${name}`),
    ...problems.map(({ reason, ...id }) => `${reason} ${hostLinkText(id)}`),
  ];
}

const ext = network("ext", { host_device: "eth1", vlan: 100 });
const byOtherName = network("ext", { host_device: "enp1s0", vlan: 100 });
const EXT_OWN = ownLinkName({ device: "eth1", type: "vlan", vni: 100 });
const OTHER_OWN = ownLinkName({ device: "enp1s0", type: "vlan", vni: 100 });

const TABLE: readonly { what: string; sources: LinkSource[]; links: SeenLink[]; does: string[] }[] = [
  {
    what: "knows an interface by its further names",
    sources: [byOtherName],
    links: [known],
    does: ["make ext.100 for vlan 100 on eth1, up"],
  },
  {
    what: "makes a VXLAN on an interface known by a further name",
    sources: [network("ext", { host_device: "enp1s0", vxlan: 100 })],
    links: [known],
    does: ["make vx_ext for vxlan 100 on eth1, up"],
  },
  {
    what: "finds the links of an interface known by a further name, and keeps them",
    sources: [byOtherName, network("big", { host_device: "enp1s0", vxlan: 7 })],
    links: [known, vlan("ext.100", "eth1", 100), vxlan("vx_big", "eth1", 7)],
    does: [],
  },
  {
    what: "makes one link for two names of one interface",
    sources: [ext, network("later", { host_device: "enp1s0", vlan: 100 })],
    links: [known],
    does: ["make ext.100 for vlan 100 on eth1, up"],
  },
  {
    what: "takes the interface of a name before one that answers to it",
    sources: [ext],
    links: [{ ...eth1, index: 3, name: "eth2", otherNames: ["eth1"] }, eth1],
    does: ["make ext.100 for vlan 100 on eth1, up"],
  },
  {
    what: "gives a link all names that definitions find it by",
    sources: [
      definition({ type: "macvlan", master: "eth1", vlan: 100 }),
      definition({ type: "macvlan", master: "enp1s0", vlan: 100 }),
    ],
    links: [known],
    does: [`make ${EXT_OWN} for vlan 100 on eth1, also ${OTHER_OWN}, up`],
  },
  {
    what: "gives a link that is there the names that it lacks",
    sources: [
      definition({ type: "macvlan", master: "eth1", vlan: 100 }),
      definition({ type: "macvlan", master: "enp1s0", vlan: 100 }),
    ],
    links: [known, vlan(EXT_OWN, "eth1", 100)],
    does: [`change ${EXT_OWN}, also ${OTHER_OWN}`],
  },
];

for (const { what, sources, links, does } of TABLE) {
  Deno.test(`planHostLinks() ${what}`, () => assertEquals(shortly(planHostLinks(sources, links, GROUP)), does));
}

Deno.test("planHostLinks() says whose the problem is, also of an interface known by a further name", () => {
  const [problem] = planHostLinks([byOtherName], [{ ...known, up: false }], GROUP).problems;
  assertEquals([problem?.reason, problem?.device, problem?.sources], ["ParentDown", "eth1", [byOtherName]]);
});
