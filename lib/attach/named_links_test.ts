import { assertEquals } from "@std/assert";
import type { DelegateConfig } from "./delegate_config.ts";
import { isNothingButLink, namedLinks } from "./named_links.ts";

function plugin(type: string, rest: object = {}): DelegateConfig {
  return { cniVersion: "1.0.0", name: "n", type, ...rest };
}

const members = (...names: unknown[]) => ({ linksInContainer: true, links: names.map((name) => ({ name })) });

const CASES: readonly { what: string; configs: readonly DelegateConfig[]; names?: string[]; defaultRoute?: true }[] = [
  { what: "the members of a bond", configs: [plugin("bond", members("eth1", "eth2"))], names: ["eth1", "eth2"] },
  { what: "no members from the host", configs: [plugin("bond", { links: [{ name: "eth1" }] })] },
  { what: "no members that are no names", configs: [plugin("bond", members(7, undefined))] },
  { what: "no members of a bond that lists none", configs: [plugin("bond", { linksInContainer: true, links: null })] },
  ...["vlan", "macvlan", "ipvlan"].map((type) => ({
    what: `the master of ${type}`,
    configs: [plugin(type, { linkInContainer: true, master: "eth1" })],
    names: ["eth1"],
  })),
  { what: "no master on the host", configs: [plugin("macvlan", { master: "eth1" })] },
  {
    what: "keys in any case, as plugins read them",
    configs: [
      plugin("vlan", { LinkInContainer: true, MASTER: "eth1" }),
      plugin("bond", {
        LINKSINCONTAINER: true,
        Links: [{ Name: "eth2" }],
      }),
    ],
    names: ["eth1", "eth2"],
  },
  {
    what: "what any plugin of a chain names, each once, but not the chain's own link",
    configs: [
      plugin("bond", members("eth1", "eth2")),
      plugin("tuning"),
      plugin("vlan", { linkInContainer: true, master: "own" }),
      plugin("vlan", { linkInContainer: true, master: "eth2" }),
    ],
    names: ["eth1", "eth2"],
  },
  {
    what: "no link that an earlier plugin of the chain made under a name of its own",
    configs: [
      plugin("bond", { ifname: "bond0", ...members("eth1", "eth2") }),
      plugin("vlan", { linkInContainer: true, master: "bond0" }),
    ],
    names: ["eth1", "eth2"],
  },
  {
    what: "its own name, where nothing has made it yet",
    configs: [plugin("vlan", { linkInContainer: true, master: "own" })],
    names: ["own"],
  },
  {
    what: "the default route's link for a plugin without a master",
    configs: [plugin("macvlan", { linkInContainer: true, master: "" })],
    defaultRoute: true,
  },
  {
    what: "nothing for a later plugin without a master, which goes by the result before it",
    configs: [plugin("dummy"), plugin("ipvlan", { linkInContainer: true })],
  },
];

for (const { what, configs, names = [], defaultRoute = false } of CASES) {
  Deno.test(`namedLinks() tells ${what}`, () => {
    assertEquals(namedLinks("own", configs), { names, defaultRoute });
  });
}

Deno.test("isNothingButLink() is true of links on the Pod's links without addresses of somebody else", () => {
  const bond = members("eth1", "eth2");
  assertEquals(isNothingButLink(plugin("bond", bond)), true);
  assertEquals(isNothingButLink(plugin("bond", { ...bond, ipam: {} })), true);
  assertEquals(isNothingButLink(plugin("bond", { ...bond, ipam: { type: "fakeipam" } })), true);
  assertEquals(isNothingButLink(plugin("bond", { ...bond, ipam: { type: "host-local" } })), false);
  assertEquals(isNothingButLink(plugin("macvlan", { linkInContainer: true })), true);
  assertEquals(isNothingButLink(plugin("bond", { links: bond.links })), false);
  assertEquals(isNothingButLink(plugin("portmap")), false);
});
