/** NetworkAttachmentDefinitions, selected by Pods as with Multus: by themselves and beside DANM's own networks. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ATTACHMENT_DEFINITIONS } from "../../lib/api/attachment_definition.ts";
import type { DanmEp } from "../../lib/api/danm_ep.ts";
import { resourceFor } from "../../lib/api/resource.ts";
import { eventually } from "../cluster/eventually.ts";
import { printsInterface, writeStandIn } from "../runtime/stand_in_plugin.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";
import { addressesIn, danmTest } from "./danm_case.ts";
import {
  createDefinition,
  createSelecting,
  installDefinitions,
  type SeenStatus,
  statusOf,
} from "./definition_scene.ts";

/** An ipam section that gives one address after the other, and notes them in the node's folder. */
function hostLocal({ runtime }: TestNode, subnet: string): object {
  return { type: "host-local", ranges: [[{ subnet }]], dataDir: `${runtime.folder}/host-local` };
}

/** Addresses that host-local holds. */
async function held({ runtime }: TestNode): Promise<string[]> {
  const folder = `${runtime.folder}/host-local`;
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    for await (const file of Deno.readDir(`${folder}/${name}`)) names.push(file.name);
  }
  return names.filter((name) => /^[0-9]+\./.test(name));
}

/** A bridge in a namespace of its own would be out of the plugin's reach: macvlan and ptp do without the host's. */
function macvlan({ parent }: TestNode, rest: object = {}): object {
  return { type: "macvlan", master: parent, ...rest };
}

function brief(status: readonly SeenStatus[] | undefined): unknown[] | undefined {
  return status?.map((one) => [one.name, one.interface, one.ips, one["default"], one["gateway"]]);
}

danmTest(
  "attaches definitions of every notation beside a network of its own, and tells the Pod of all",
  async (node) => {
    await installDefinitions(node);
    const { namespace: ns, runtime } = node;
    await node.createNetwork("own", { cidr: "10.1.0.0/24", routes: { "0.0.0.0/0": "10.1.0.1" } });
    await createDefinition(node, "plain", macvlan(node, { ipam: hostLocal(node, "10.2.0.0/24") }));
    await createDefinition(node, "chain", {
      cniVersion: "0.3.0",
      name: "list",
      plugins: [
        { ...macvlan(node), capabilities: { ips: true }, ipam: { type: "static" } },
        { type: "tuning", mtu: 1400, capabilities: { mac: true }, dataDir: `${runtime.folder}/tuning` },
      ],
    });
    await createDefinition(node, "in-file");
    await Deno.writeTextFile(
      `${runtime.cniDir}/77-x.conf`,
      JSON.stringify({ cniVersion: "0.4.0", name: "in-file", ...macvlan(node, { ipam: {} }) }),
    );
    await createDefinition(node, "direct", {
      type: "ptp",
      ipam: { type: "static", addresses: [{ address: "10.4.0.5/24", gateway: "10.4.0.1" }] },
    });
    const mac = "02:00:5e:00:53:01";
    await using container = await createSelecting(node, [
      { name: "plain" },
      { name: "chain", namespace: ns, interface: "data0", ips: ["10.3.0.7/24", "2001:db8:3::7/64"], mac },
      { name: "in-file" },
      { name: "direct", mac: "02:00:5e:00:53:02" },
    ], [{ network: "own", ip: "10.1.0.9" }]);

    const result = await node.attach(container);
    const inside = result.interfaces.filter(({ sandbox }) => sandbox !== undefined).map(({ name }) => name);
    assertEquals(inside, ["eth0", "net1", "data0", "net3", "net4"]);
    assertEquals(await addressesIn(container), [
      "data0 10.3.0.7/24",
      "data0 2001:db8:3::7/64",
      "eth0 10.1.0.9/24",
      "net1 10.2.0.2/24",
      "net4 10.4.0.5/24",
    ]);
    const [data0] = JSON.parse(await container.netns.ip("-json", "link", "show", "data0"));
    assertEquals([data0.address, data0.mtu], [mac, 1400]);
    const status = await statusOf(node, container);
    assertEquals(brief(status), [
      [`${ns}/own`, "eth0", ["10.1.0.9"], true, ["10.1.0.1"]],
      [`${ns}/plain`, "net1", ["10.2.0.2"], undefined, undefined],
      [`${ns}/chain`, "data0", ["10.3.0.7", "2001:db8:3::7"], undefined, undefined],
      [`${ns}/in-file`, "net3", undefined, undefined, undefined],
      [`${ns}/direct`, "net4", ["10.4.0.5"], undefined, undefined],
    ]);
    assertEquals(status?.[2]?.["mac"], mac);
    const danmeps = { ...resourceFor("DanmEp", "danm.k8s.io"), namespace: ns };
    const { items } = await node.client.list<DanmEp>(danmeps, { signal: AbortSignal.timeout(30_000) });
    assertEquals(
      items.map((
        { spec: { apiType, NetworkNamespace = "", NetworkName, NetworkType, Interface: { Name, Address } } },
      ) => [Name, apiType, NetworkNamespace, NetworkName, NetworkType, Address].join(" ")).sort(),
      [
        `data0 NetworkAttachmentDefinition ${ns} chain macvlan 10.3.0.7/24`,
        "eth0 DanmNet  own macvlan 10.1.0.9/24",
        `net1 NetworkAttachmentDefinition ${ns} plain macvlan 10.2.0.2/24`,
        `net3 NetworkAttachmentDefinition ${ns} in-file macvlan `,
        `net4 NetworkAttachmentDefinition ${ns} direct ptp 10.4.0.5/24`,
      ],
    );

    // The chain of "direct" has no plugin that could.
    assertMatch(await Deno.readTextFile(runtime.logFile), /net4.*key mac is 02:00:5e:00:53:02, which the plugins/);
    await node.check(container);
    await container.netns.ip("link", "set", "net4", "down");
    assertStringIncludes(await node.checkFails(container), "interface net4 is down");
    // With what it was added: neither the definitions nor the file are there any more.
    for (const name of ["plain", "chain", "in-file", "direct"]) await deleteDefinition(node, name);
    await Deno.remove(`${runtime.cniDir}/77-x.conf`);
    await node.detach(container);
    assertEquals(await node.leftovers(container), []);
    assertEquals(await held(node), []);
  },
);

async function deleteDefinition({ client, namespace }: TestNode, name: string): Promise<void> {
  await client.delete({ ...ATTACHMENT_DEFINITIONS, namespace, name }, { signal: AbortSignal.timeout(30_000) });
}

danmTest("gives a Pod that only knows the standard what it asks for, its default route included", async (node) => {
  await installDefinitions(node);
  await node.createNetwork("default", { cidr: "10.1.0.0/24", routes: { "0.0.0.0/0": "10.1.0.1" } });
  const withRoute = (address: string, gateway: string) =>
    macvlan(node, {
      ipam: { type: "static", addresses: [{ address, gateway }], routes: [{ dst: "0.0.0.0/0", gw: gateway }] },
    });
  await createDefinition(node, "a", withRoute("10.2.0.5/24", "10.2.0.1"));
  await createDefinition(node, "b", withRoute("10.3.0.5/24", "10.3.0.1"));

  const routes = async (container: TestContainer) =>
    (await container.netns.ip("route", "show", "default")).trim().split("\n").map((line) => line.trim());
  const gateways = async (container: TestContainer) =>
    (await statusOf(node, container))?.flatMap((one) => one["gateway"] ? [`${one.interface} ${one["gateway"]}`] : []);
  const cases: readonly (readonly [string | object[], string, string])[] = [
    ["a,b", "default via 10.1.0.1 dev eth0", "eth0 10.1.0.1"],
    [
      [{ name: "a" }, { name: "b", "default-route": ["10.3.0.77"] }],
      "default via 10.3.0.77 dev net2",
      "net2 10.3.0.77",
    ],
    [[{ name: "a", "default-route": [] }, { name: "b" }], "default via 10.2.0.1 dev net1", "net1 10.2.0.1"],
  ];
  for (const [selections, route, gateway] of cases) {
    await using container = await createSelecting(node, selections);
    const { routes: told } = await node.attach(container);
    assertEquals(await routes(container), [route], JSON.stringify(selections));
    assertEquals(await gateways(container), [gateway]);
    assertEquals(told.filter(({ dst }) => dst === "0.0.0.0/0").map(({ gw }) => gw), [gateway.split(" ")[1]]);
    await node.check(container);
    await node.detach(container);
  }

  await using replaced = await createSelecting(node, "b", undefined, {
    "v1.multus-cni.io/default-network": `${node.namespace}/a`,
  });
  await node.attach(replaced);
  assertEquals(brief(await statusOf(node, replaced)), [
    [`${node.namespace}/a`, "eth0", ["10.2.0.5"], true, ["10.2.0.1"]],
    [`${node.namespace}/b`, "net1", ["10.3.0.5"], undefined, undefined],
  ]);
  await node.detach(replaced, { networkStatus: false });
  await using silent = await createSelecting(node, "b");
  await node.attach(silent, { networkStatus: false });
  assertEquals(await statusOf(node, silent), undefined);
  await node.detach(silent);
  await node.attach(silent, { attachmentDefinitions: false });
  assertEquals(await addressesIn(silent).then((all) => all.map((line) => line.split(" ")[0])), ["eth0"]);
  assertEquals(await statusOf(node, silent), undefined);
  await node.detach(silent);
});

danmTest("refuses what cannot be, with a sentence that says what, before anything is made", async (node) => {
  await installDefinitions(node);
  await node.createNetwork("own", { cidr: "10.1.0.0/24" });
  const other = `${node.namespace}-other`;
  await node.client.create(
    { group: "", version: "v1", plural: "namespaces" },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: other } },
    { signal: AbortSignal.timeout(30_000) },
  );
  await createDefinition(node, "a", macvlan(node, { ipam: {} }));
  await createDefinition(node, "a", macvlan(node, { ipam: {} }), { namespace: other });
  await createDefinition(node, "broken", { type: "../x" });
  await createDefinition(node, "too-wide", macvlan(node, { vlan: 5000 }));
  await createDefinition(node, "nowhere", macvlan(node, { master: "no-such-device", vlan: 7 }));
  await createDefinition(node, "silent", macvlan(node, { ipam: {} }));
  await createDefinition(node, "own-danm", { type: "danm", network: "no-such" });
  const key = "k8s.v1.cni.cncf.io/networks";
  const refused: readonly (readonly [string | object[], string, object?])[] = [
    ["a,", `Cannot read annotation ${key}: entry 1: is "", must be [namespace/]name[@interface]`],
    ["none", `annotation ${key}: entry 0: there is no NetworkAttachmentDefinition ${node.namespace}/none`],
    ["a,broken", 'type of plugin 0 is "../x", must be the name of a plugin'],
    ["a@eth0", 'Cannot name interface 1: it is "eth0", must differ from the name of interface 0'],
    [`${other}/a`, `namespace is "${other}", must be that of the Pod`, { namespaceIsolation: true }],
    ["too-wide", `NetworkAttachmentDefinition ${node.namespace}/too-wide: vlan is 5000, must be a number`],
    ["nowhere", "host interface no-such-device of NetworkAttachmentDefinition"],
    ["own-danm", 'there is no DanmNet "no-such"'],
    [[{ name: "a", "default-route": ["10.0.0.1"] }], "the plugins gave the interface no IPv4 address"],
    [
      [{ name: "a", "default-route": ["10.0.0.1"] }, { name: "a", "default-route": ["10.0.0.2"] }],
      "has an IPv4 gateway, and so has that of interface 1",
    ],
    [Array(32).fill({ name: "a" }), "with its 32 entries the Pod has 33 interfaces, must have at most 32"],
  ];
  for (const [selections, problem, changes = {}] of refused) {
    await using container = await createSelecting(node, selections, [{ network: "own", ip: "dynamic" }]);
    assertStringIncludes(await node.attachFails(container, { ...changes }), problem);
    assertEquals(await node.leftovers(container), [], problem);
  }
  await using both = await createSelecting(node, "", [{ network: "own", ip: "dynamic" }], {
    "v1.multus-cni.io/default-network": "a",
  });
  assertStringIncludes(await node.attachFails(both), "which names the Pod's first interface as well");
  await using allowed = await createSelecting(node, `${other}/a,a`, [{ network: "own", ip: "dynamic" }]);
  await node.attach(allowed, { namespaceIsolation: true, globalNamespaces: `default, ${other}` });
  assertEquals((await statusOf(node, allowed))?.map(({ name }) => name), [
    `${node.namespace}/own`,
    `${other}/a`,
    `${node.namespace}/a`,
  ]);
  await node.detach(allowed);
});

danmTest("gives everything back when one definition fails, when danm is killed, and by GC or DanmEps", async (node) => {
  await installDefinitions(node);
  await node.createNetwork("own", { cidr: "10.1.0.0/24" });
  await createDefinition(node, "fine", macvlan(node, { ipam: hostLocal(node, "10.2.0.0/24") }));
  await createDefinition(node, "moody", { type: "moody" });
  const interfaces = [{ network: "own", ip: "dynamic" }];
  const make = "nsenter --net=$CNI_NETNS ip link add $CNI_IFNAME up type bridge\n";
  await writeStandIn(node.runtime, "moody", { ADD: `${make} echo "not today" >&2; exit 1` });
  await using container = await createSelecting(node, "fine,moody,fine", interfaces);
  assertEquals((await node.attachFails(container)).split("\n"), [
    "CNI network could not be set up: ",
    `interface 2 (net2, NetworkAttachmentDefinition ${node.namespace}/moody): Plugin moody failed at ADD: it exited ` +
    'with 1 and said "not today"',
  ]);
  const assertNothing = async () => {
    assertEquals(await node.leftovers(container), []);
    assertEquals(await held(node), []);
  };
  await assertNothing();

  const hanging = await writeStandIn(node.runtime, "moody", { ADD: `${make} sleep 1000` });
  const child = await node.runtime.start("ADD", container.sandbox, { timeout: 600 });
  await eventually("come to the middle", async () => {
    const isThere = (await hanging.calls()).filter(({ command }) => command === "ADD").length > 1;
    return isThere && (await held(node)).length === 2 || undefined;
  });
  child.kill("SIGKILL");
  await child.output();
  await node.detach(container);
  await assertNothing();

  const plugin = await writeStandIn(node.runtime, "moody", { ADD: make + printsInterface() });
  await node.attach(container);
  await node.collectGarbage([]);
  await assertNothing();

  await node.attach(container);
  await Deno.remove(node.runtime.journalOf(container.sandbox));
  await node.detach(container);
  await assertNothing();
  const deletions = (await plugin.calls()).filter(({ command, env }) =>
    command === "DEL" && env["CNI_IFNAME"] === "net2"
  );
  assert(deletions.length >= 4, `${deletions.length} deletions`);
});

danmTest("waits for the link of a definition with a VXLAN, and never takes the interface below", async (node) => {
  await installDefinitions(node);
  await node.createNetwork("own", { cidr: "10.1.0.0/24" });
  const vxlan = 1 + crypto.getRandomValues(new Uint32Array(1))[0]! % 16_000_000;
  await createDefinition(
    node,
    "late",
    macvlan(node, { vxlan, ipam: { type: "static", addresses: [{ address: "10.2.0.5/24" }] } }),
  );
  await using container = await createSelecting(node, "late", [{ network: "own", ip: "dynamic" }]);
  const child = await node.runtime.start("ADD", container.sandbox, { timeout: 600 });
  const onHost = (...args: string[]) => node.peer.run("nsenter", `--net=/proc/${Deno.pid}/ns/net`, "--", "ip", ...args);
  const made = async () => {
    const links: { ifindex: number; linkinfo: { info_data: { id: number } } }[] = JSON.parse(
      await onHost("-json", "-details", "link", "show", "type", "vxlan"),
    );
    return links.find(({ linkinfo }) => linkinfo.info_data.id === vxlan)?.ifindex;
  };
  const isWaiting = async () =>
    /waits for a host link/.test(await Deno.readTextFile(node.runtime.logFile).catch(() => ""));
  // Where netwatcher does danm's calls, it may have made the link by now.
  await eventually("wait for the link", async () => await isWaiting() || await made() !== undefined || undefined);
  const name = `v${crypto.randomUUID().slice(0, 8)}`;
  const group = `239.${vxlan >> 16}.${(vxlan >> 8) & 255}.${vxlan & 255}`;
  const link = [name, "up", "type", "vxlan", "id", `${vxlan}`, "group", group, "dev", node.parent, "dstport", "4789"];
  await onHost("link", "add", ...link).catch(async (error) => {
    if (await made() === undefined) throw error;
  });
  const { code, stdout } = await child.output();
  assertEquals(code, 0, new TextDecoder().decode(stdout));
  assertMatch((await addressesIn(container)).join(), /net1 10\.2\.0\.5\/24/);
  const [net1] = JSON.parse(await container.netns.ip("-json", "link", "show", "dev", "net1"));
  assertEquals(net1.link_index, await made());
  await node.check(container);
  await node.detach(container);
});
