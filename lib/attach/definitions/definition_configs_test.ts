import { assertEquals } from "@std/assert";
import { definitionConfigs } from "./definition_configs.ts";
import type { NetworkSelection } from "./network_selection.ts";

const PLUGIN = { cniVersion: "1.0.0", name: "a", type: "x" };
const PLAIN: NetworkSelection = { name: "a", warnings: [] };
const ABLE = [
  "ips",
  "mac",
  "infinibandGUID",
  "portMappings",
  "bandwidth",
  "deviceID",
  "CNIDeviceInfoFile",
  "cgroupPath",
];
const able = (...names: string[]) => ({ capabilities: Object.fromEntries(names.map((name) => [name, true])) });

/** What of its configuration a plugin is handed besides its own keys. */
function handed(config: object, selection: Partial<NetworkSelection>, rest: object = {}) {
  const request = { index: 1, runtimeConfig: {}, selection: { ...PLAIN, ...selection }, ...rest };
  const [{ cniVersion: _version, name: _name, type: _type, ...others } = PLUGIN] = definitionConfigs(
    [{ ...PLUGIN, ...config }],
    request,
  );
  return others;
}

Deno.test("definitionConfigs() gives each plugin what it has the capability for, in the words of the CNI conventions", () => {
  const selection = {
    ips: ["10.0.0.5/24"],
    mac: "02:00:00:00:00:01",
    infinibandGuid: "c2:11:22:33:44:55:66:77",
    portMappings: [{ hostPort: 8080, containerPort: 80 }],
    bandwidth: { ingressRate: 1000 },
  };
  const device = { id: "0000:01:02.3", infoFile: "/f" };
  const { args: _, ...config } = handed(able(...ABLE), selection, { device }) as Record<string, unknown>;
  assertEquals(config, {
    deviceID: "0000:01:02.3",
    pciBusID: "0000:01:02.3",
    runtimeConfig: {
      ips: ["10.0.0.5/24"],
      mac: "02:00:00:00:00:01",
      infinibandGUID: "c2:11:22:33:44:55:66:77",
      portMappings: [{ hostPort: 8080, containerPort: 80 }],
      bandwidth: { ingressRate: 1000 },
      deviceID: "0000:01:02.3",
      CNIDeviceInfoFile: "/f",
    },
  });
  assertEquals(handed(able("mac"), { portMappings: [{ hostPort: 1, containerPort: 1 }] }), {});
});

Deno.test("definitionConfigs() passes on what the runtime says of the container, and of the first interface to that", () => {
  const runtimeConfig = { cgroupPath: "/c", portMappings: [{ hostPort: 1, containerPort: 2 }] };
  assertEquals(handed(able(...ABLE), {}, { runtimeConfig }), { runtimeConfig: { cgroupPath: "/c" } });
  assertEquals(handed(able(...ABLE), {}, { runtimeConfig, index: 0 }), { runtimeConfig });
});

Deno.test("definitionConfigs() adds cni-args, addresses and MAC to the args that the configuration has", () => {
  assertEquals(handed({}, {}), {});
  const selection = { ips: ["10.0.0.5"], mac: "02:00:00:00:00:01", cniArgs: { color: "red", size: { w: 1 } } };
  assertEquals(handed({ args: { cni: { color: "blue", own: 1 }, other: 2 } }, selection), {
    args: {
      cni: { color: "red", own: 1, ips: ["10.0.0.5"], mac: "02:00:00:00:00:01", size: { w: 1 } },
      other: 2,
    },
  });
  assertEquals(handed({ args: null }, { cniArgs: { a: 1 } }), { args: { cni: { a: 1 } } });
});

Deno.test("definitionConfigs() gives args and device to every plugin of a chain", () => {
  const configs = definitionConfigs([PLUGIN, { ...PLUGIN, type: "y" }], {
    index: 1,
    runtimeConfig: {},
    selection: { ...PLAIN, cniArgs: { a: 1 } },
    device: { id: "d", infoFile: "/f" },
  });
  const common = { args: { cni: { a: 1 } }, deviceID: "d", pciBusID: "d" };
  assertEquals(configs, [{ ...PLUGIN, ...common }, { ...PLUGIN, type: "y", ...common }]);
});
