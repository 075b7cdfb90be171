import { assertEquals, assertThrows } from "@std/assert";
import type { Network, NetworkSpec } from "../api/network.ts";
import { parseAddress } from "../net/address.ts";
import { macvlanConfig, requestConfig, sriovConfig, staticConfigs } from "./delegate_config.ts";
import { DelegateFileError, parseDelegateFile, pickDelegateChain } from "./delegate_file.ts";
import { assignDevices } from "./device_assignment.ts";
import { type InterfacePlan, InterfacePlanError, planInterfaces } from "./interface_plan.ts";
import { parseInterfaceRequests } from "./interface_request.ts";

function plans(spec: NetworkSpec, ...entries: object[]): InterfacePlan[] {
  const metadata = { name: "net", namespace: "shop", uid: "1" };
  const network = { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata, spec } as Network;
  const text = JSON.stringify(entries.map((entry) => ({ network: "net", ...entry })));
  const requests = parseInterfaceRequests("annotation", text).map((request) => ({ request, network }));
  return planInterfaces(requests, "shop", "eth0", "numbered");
}

const ADDRESS = { address: parseAddress("10.0.0.5")!, prefix: 24 };
const ROUTED = { cidr: "10.0.0.0/24", routes: { "0.0.0.0/0": "10.0.0.1" } };

Deno.test("macvlanConfig() asks for a link without addresses", () => {
  const [plan] = plans({ NetworkType: "macvlan", Options: { host_device: "ens1", ...ROUTED } }, { ip: "dynamic" });
  assertEquals(macvlanConfig(plan!, "ens1.7", "02:00:00:00:00:01"), {
    cniVersion: "0.4.0",
    name: "net",
    type: "macvlan",
    ipam: {},
    master: "ens1.7",
    mode: "bridge",
    mac: "02:00:00:00:00:01",
  });
});

Deno.test("sriovConfig() has device, VLAN and address without gateway, and no IPAM plugin without an address", () => {
  const Options = { device_pool: "intel.com/pool", vlan: 7, ...ROUTED };
  const [plan] = plans({ NetworkID: "n", NetworkType: "sriov", Options }, { ip: "dynamic" });
  const withAddress = sriovConfig(plan!, [ADDRESS], "0000:03:02.0");
  assertEquals(withAddress.ipam, { type: "fakeipam", ips: [{ address: "10.0.0.5/24" }] });
  const config = sriovConfig(plan!, [], "0000:03:02.0");
  assertEquals([config.deviceID, config.vlan, config.ipam], ["0000:03:02.0", 7, {}]);
});

Deno.test("staticConfigs() replaces the IPAM section of the plugin that has one, with the gateway", () => {
  const files = [{
    name: "net.conflist",
    text: JSON.stringify({
      name: "x",
      plugins: [{ type: "bridge", ipam: { type: "host-local" } }, { type: "tuning" }],
    }),
  }];
  const [plan] = plans({ NetworkType: "bridge", Options: ROUTED }, { ip: "dynamic" });
  const configs = staticConfigs(plan!, [ADDRESS], pickDelegateChain(files, "net", "bridge").configs, {});
  assertEquals(configs.map(({ type, ipam }) => [type, ipam]), [
    ["bridge", { type: "fakeipam", ips: [{ address: "10.0.0.5/24", gateway: "10.0.0.1" }] }],
    ["tuning", undefined],
  ]);
});

Deno.test("staticConfigs() leaves the file as it is when the delegate's own IPAM gives the addresses", () => {
  const files = [{ name: "net.conf", text: '{"name":"x","type":"bridge","ipam":{"type":"host-local"}}' }];
  const [plan] = plans({ NetworkType: "bridge" }, {});
  assertEquals(staticConfigs(plan!, [], pickDelegateChain(files, "net", "bridge").configs, {})[0]!.ipam, {
    type: "host-local",
  });
});

Deno.test("staticConfigs() gives the device to the first plugin and to those that have the capability", () => {
  const plugin = { cniVersion: "1.0.0", name: "x" };
  const files = [
    { ...plugin, type: "host-device", deviceID: "of the file" },
    { ...plugin, type: "rdma", capabilities: { deviceID: true, portMappings: true } },
    { ...plugin, type: "tuning" },
  ];
  const [first, second] = plans({ NetworkType: "any", Options: { device_pool: "p" } }, {}, {});
  const given = (plan: InterfacePlan, deviceId?: string) =>
    staticConfigs(plan, [], files, { portMappings: [7], deviceID: "of the runtime" }, deviceId)
      .map(({ deviceID, runtimeConfig }) => [deviceID, runtimeConfig]);
  assertEquals(given(first!, "0000:03:02.0"), [
    ["0000:03:02.0", undefined],
    [undefined, { portMappings: [7], deviceID: "0000:03:02.0" }],
    [undefined, undefined],
  ]);
  assertEquals(given(second!, "0000:03:02.1"), [
    ["0000:03:02.1", undefined],
    [undefined, { deviceID: "0000:03:02.1" }],
    [undefined, undefined],
  ]);
  assertEquals(given(first!)[1], [undefined, { portMappings: [7], deviceID: "of the runtime" }]);
  assertEquals(given(second!), [["of the file", undefined], [undefined, undefined], [undefined, undefined]]);
});

const conf = (name: string, config: object) => ({ name, text: JSON.stringify(config) });
const FILES = [
  conf("10-first.conf", { name: "first", type: "bridge" }),
  { name: "15-broken.conf", text: "{" },
  conf("20-second.conf", { name: "second", type: "bridge" }),
  conf("30-cbr.conflist", { name: "cbr0", plugins: [{ type: "flannel" }, { type: "portmap" }] }),
];

Deno.test("pickDelegateChain() prefers the file named by NetworkID, then name or type of the first file", () => {
  const pick = (networkId: string | undefined, type: string) =>
    pickDelegateChain(FILES, networkId, type).configs[0]!.name;
  assertEquals(pick("20-second", "bridge"), "second");
  assertEquals(pick(undefined, "bridge"), "first");
  assertEquals(pick("missing", "bridge"), "first");
  assertEquals(pick(undefined, "second"), "second");
  assertEquals(pickDelegateChain(FILES, undefined, "flannel").configs.map(({ type }) => type), ["flannel", "portmap"]);
});

Deno.test("pickDelegateChain() refuses the file that NetworkID names when it is for another type, in whatever case", () => {
  const files = [
    conf("infra.conf", { name: "Infra", type: "host-device", device: "eno1" }),
    conf("list.conflist", { name: "list", plugins: [{ type: "Bridge" }, { type: "tuning" }] }),
  ];
  const refuses = (id: string, type: string) =>
    assertThrows(
      () => pickDelegateChain(files, id, type),
      DelegateFileError,
      `must be ${type} one or the other`,
    );
  refuses("infra", "bridge");
  refuses("list", "tuning");
  assertEquals(pickDelegateChain(files, "infra", "infra").configs.length, 1);
  assertEquals(pickDelegateChain(files, "infra", "host-device").configs.length, 1);
  assertEquals(pickDelegateChain(files, "list", "bridge").configs.length, 2);
});

Deno.test("parseDelegateFile() takes a file with plugins for a list, whatever its ending", () => {
  const { configs } = parseDelegateFile(conf("a.conf", { name: "a", plugins: [{ type: "b" }, { type: "c" }] }));
  assertEquals(configs.map(({ type }) => type), ["b", "c"]);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ["other.conf", "{}", "Cannot configure calico: there is no CNI configuration file, must be one named net.conf"],
  ["net.conf", "{", "Cannot read net.conf: "],
  ["net.conf", "[]", "Cannot read net.conf: it is [], must be a JSON object"],
  ["net.conf", '{"type":"calico"}', "Cannot read net.conf: name is missing, must be a network name"],
  ["net.conf", '{"name":"a","type":"../sh"}', 'Cannot read net.conf: type of plugin 0 is "../sh"'],
  ["net.conf", '{"name":"a","type":"danm"}', "plugin 0 is danm, which would call itself"],
  ["net.conflist", '{"name":"a","plugins":[]}', "Cannot read net.conflist: plugins is [], must be a list of plugins"],
];

for (const [name, text, problem] of REFUSED) {
  Deno.test(`pickDelegateChain() refuses ${name} with ${text}`, () => {
    assertThrows(() => pickDelegateChain([{ name, text }], "net", "calico"), DelegateFileError, problem);
  });
}

Deno.test("requestConfig() passes what the plugin has the capability for, in place of the capabilities", () => {
  const config = { cniVersion: "1.0.0", name: "a", type: "b", mtu: 9000 };
  const capabilities = { mac: true, ips: false, bandwidth: true };
  assertEquals(requestConfig({ ...config, capabilities }, { mac: "02:00:00:00:00:01", ips: [], portMappings: [] }), {
    ...config,
    runtimeConfig: { mac: "02:00:00:00:00:01" },
  });
  assertEquals(requestConfig({ ...config, capabilities }, {}), config);
  assertEquals(requestConfig(config, { mac: "02:00:00:00:00:01" }), config);
});

const VERSIONS: readonly (readonly [object, string])[] = [
  [{}, "0.4.0"],
  [{ cniVersion: "0.2.0" }, "0.2.0"],
  [{ cniVersion: "1.0.0" }, "1.0.0"],
  [{ cniVersions: ["0.4.0", "1.0.0", "2.0.0"] }, "1.0.0"],
  [{ cniVersion: "1.1.0", cniVersions: ["0.4.0"] }, "1.1.0"],
  [{ cniVersion: "2.0.0", cniVersions: ["0.3.1"] }, "0.3.1"],
];

for (const [stated, picked] of VERSIONS) {
  Deno.test(`parseDelegateFile() picks ${picked} from ${JSON.stringify(stated)}`, () => {
    const list = { ...stated, name: "a", plugins: [{ type: "b", cniVersion: "0.1.0" }] };
    const { configs, disableCheck } = parseDelegateFile(conf("a.conflist", list));
    assertEquals([configs[0]?.cniVersion, disableCheck], [picked, false]);
  });
}

Deno.test("assignDevices() gives each device once, in the order of the interfaces", () => {
  const wanted = plans({ NetworkType: "sriov", Options: { device_pool: "p" } }, { ip: "none" }, { ip: "none" });
  assertEquals([...assignDevices(wanted, new Map([["p", ["x", "y", "z"]]]))], [[0, "x"], [1, "y"]]);
  assertThrows(
    () => assignDevices(wanted, new Map([["p", ["x"]]])),
    InterfacePlanError,
    "the Pod has 1 devices of pool p, must request one for each interface that uses it",
  );
});
