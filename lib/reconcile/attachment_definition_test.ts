import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import type { AttachmentDefinition } from "../api/attachment_definition.ts";
import { definitionLinkSource } from "./attachment_definition.ts";
import { ownLinkName } from "./host_link.ts";

const VLAN_LINK = ownLinkName({ device: "eth1", type: "vlan", vni: 100 });
const VXLAN_LINK = ownLinkName({ device: "eth2", type: "vxlan", vni: 7 });

function definition(config?: string): AttachmentDefinition {
  const metadata = { name: "net", namespace: "default", uid: "uid-1", resourceVersion: "5" };
  const spec = config === undefined ? {} : { config };
  return { apiVersion: "k8s.cni.cncf.io/v1", kind: "NetworkAttachmentDefinition", metadata, spec };
}

/** What the plugins of the rewritten configuration are. */
function rewrite(config: unknown): unknown {
  const { rewritten } = definitionLinkSource(definition(JSON.stringify(config)));
  return rewritten === undefined ? undefined : JSON.parse(rewritten);
}

Deno.test("definitionLinkSource() asks for the VLAN and points master to it", () => {
  const config = { cniVersion: "1.0.0", type: "macvlan", master: "eth1", vlan: 100, ipam: { type: "dhcp" } };
  const source = definitionLinkSource(definition(JSON.stringify(config)));
  assertEquals(source.wanted, [{ device: "eth1", type: "vlan", vni: 100, requiredName: VLAN_LINK }]);
  assertEquals(JSON.parse(source.rewritten!), { ...config, master: VLAN_LINK, "danm.k8s.io/master": "eth1" });
  assertEquals(source.problems, []);
});

Deno.test("definitionLinkSource() rewrites every ipvlan and macvlan of a list, and nothing else", () => {
  const tuning = { type: "tuning", vlan: 5, master: "eth9" };
  const plugins = [
    { type: "ipvlan", master: "eth1", vlan: 100 },
    tuning,
    { type: "macvlan", master: "eth2", vxlan: 7, vlan: null },
    { type: "macvlan", master: "eth3" },
  ];
  assertEquals(rewrite({ cniVersion: "1.0.0", name: "chain", plugins }), {
    cniVersion: "1.0.0",
    name: "chain",
    plugins: [
      { type: "ipvlan", master: VLAN_LINK, vlan: 100, "danm.k8s.io/master": "eth1" },
      tuning,
      { type: "macvlan", master: VXLAN_LINK, vxlan: 7, vlan: null, "danm.k8s.io/master": "eth2" },
      { type: "macvlan", master: "eth3" },
    ],
  });
});

Deno.test("definitionLinkSource() follows changes of what it has rewritten", () => {
  const written = { type: "macvlan", master: VLAN_LINK, vlan: 100, "danm.k8s.io/master": "eth1" };
  assertEquals(rewrite(written), undefined);
  const other = ownLinkName({ device: "eth1", type: "vlan", vni: 200 });
  assertEquals(rewrite({ ...written, vlan: 200 }), { ...written, vlan: 200, master: other });
  const moved = ownLinkName({ device: "eth5", type: "vlan", vni: 100 });
  assertEquals(rewrite({ ...written, master: "eth5" }), { ...written, master: moved, "danm.k8s.io/master": "eth5" });
  const { vlan: _, ...plain } = written;
  assertEquals(rewrite(plain), { type: "macvlan", master: "eth1" });
  const overlay = ownLinkName({ device: "eth1", type: "vxlan", vni: 100 });
  assertEquals(rewrite({ ...plain, vxlan: 100 }), { ...plain, vxlan: 100, master: overlay });
});

Deno.test("definitionLinkSource() keeps a text of several lines one of several lines", () => {
  const text = JSON.stringify({ type: "ipvlan", master: "eth1", vlan: 100 }, undefined, 2);
  assertEquals(definitionLinkSource(definition(text)).rewritten?.split("\n").length, 6);
});

Deno.test("definitionLinkSource() says what is wrong and leaves it as it is", () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["{", /^spec.config is no JSON object, must be/],
    ["[]", /^spec.config is no JSON object, must be/],
    [{ type: "ipvlan", master: "eth1", vlan: "100" }, /^vlan is "100", must be a number, 1-4094$/],
    [{ type: "ipvlan", master: "eth1", vlan: 4095 }, /^vlan is 4095, must be/],
    [{ type: "ipvlan", master: "eth1", vxlan: 0 }, /^vxlan is 0, must be a number, 1-16777215$/],
    [{ type: "ipvlan", vlan: 5 }, /^master is missing, must be the name of a network interface$/],
    [{ type: "ipvlan", master: "eth1 up", vlan: 5 }, /^master is "eth1 up", must be/],
    [{ type: "ipvlan", master: "eth1", vlan: 5, vxlan: 6 }, /^vlan and vxlan exclude each other/],
  ];
  for (const [config, message] of cases) {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    const { problems, wanted, rewritten } = definitionLinkSource(definition(text));
    assertEquals([problems.length, wanted, rewritten], [1, [], undefined], text);
    assertMatch(problems[0]!, message);
  }
});

Deno.test("definitionLinkSource() leaves alone what does not concern it", () => {
  for (
    const config of [undefined, "", '{"type":"bridge","vlan":100}', '{"plugins":[null,4,"x"]}', '{"type":"macvlan"}']
  ) {
    const { problems, wanted, rewritten } = definitionLinkSource(definition(config));
    assertEquals([problems, wanted, rewritten], [[], [], undefined], config);
  }
});

Deno.test("definitionLinkSource() comes to the same wherever it starts, and then stays there", () => {
  const plugin = fc.record({
    type: fc.constantFrom("ipvlan", "macvlan", "bridge"),
    master: fc.constantFrom("eth1", "eth2", VLAN_LINK, "bad name", 5),
    vlan: fc.constantFrom(100, 200, "x", null),
    vxlan: fc.constantFrom(7, 0),
    "danm.k8s.io/master": fc.constantFrom("eth1", "eth3", 5),
  }, { requiredKeys: ["type"] });
  fc.assert(fc.property(fc.oneof(plugin, fc.record({ plugins: fc.array(plugin) })), (config) => {
    const first = definitionLinkSource(definition(JSON.stringify(config)));
    const again = definitionLinkSource(definition(first.rewritten ?? JSON.stringify(config)));
    assertEquals(again.rewritten, undefined);
    assertEquals([again.wanted, again.problems], [first.wanted, first.problems]);
  }));
});
