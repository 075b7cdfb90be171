import { assertEquals, assertThrows } from "@std/assert";
import { CniError, errorCode } from "../cni/error.ts";
import { readDanmConfig } from "./danm_config.ts";

const read = (keys: object, cniDir?: string) =>
  readDanmConfig({ cniVersion: "1.0.0", name: "danm", type: "danm", kubeconfig: "/k", ...keys }, cniDir);

const DEFAULTS = {
  name: "danm",
  kubeconfig: "/k",
  cniDir: "/etc/cni/net.d",
  namingScheme: "numbered",
  apiGroup: "danm.k8s.io",
  timeout: 30,
  logFile: "/var/log/danm.log",
  logLevel: "info",
  stateDir: "/var/lib/danm",
  runtimeConfig: {},
  podResourcesSocket: "/var/lib/kubelet/pod-resources/kubelet.sock",
  namespaceIsolation: false,
  globalNamespaces: ["default"],
  attachmentDefinitions: true,
  networkStatus: true,
};

Deno.test("readDanmConfig() has a default for everything but the kubeconfig, and ignores what it does not know", () => {
  assertEquals(read({ colour: "red" }), DEFAULTS);
  assertEquals(read({}, "/srv/cni").cniDir, "/srv/cni");
});

Deno.test("readDanmConfig() takes a key that is null or empty for absent", () => {
  for (const empty of [null, ""]) {
    const { kubeconfig: _kubeconfig, name: _name, ...keys } = DEFAULTS;
    assertEquals(read(Object.fromEntries(Object.keys(keys).map((key) => [key, empty]))), DEFAULTS);
    assertThrows(() => read({ kubeconfig: empty }), CniError, "kubeconfig is missing, must be an absolute path");
  }
});

Deno.test("readDanmConfig() takes what is set", () => {
  const set = {
    name: "other",
    kubeconfig: "/a",
    cniDir: "/b",
    namingScheme: "legacy",
    apiGroup: "danm.io",
    timeout: 0.5,
    logFile: "/c",
    logLevel: "debug",
    stateDir: "/d",
    runtimeConfig: { ips: ["10.0.0.1/24"] },
    podResourcesSocket: "/e",
    namespaceIsolation: true,
    globalNamespaces: ["shared"],
    attachmentDefinitions: false,
    networkStatus: false,
  } as const;
  assertEquals(read(set, "/srv/cni"), { ...set, runtimeConfig: { ips: [...set.runtimeConfig.ips] } });
});

Deno.test("readDanmConfig() reads globalNamespaces as Multus has them", () => {
  assertEquals(read({ globalNamespaces: "default, shared" }).globalNamespaces, ["default", "shared"]);
});

Deno.test("readDanmConfig() takes the one interface that it names, with the addresses that are asked for", () => {
  const lan = { kind: "DanmNet", name: "lan" } as const;
  const dynamic = { kind: "dynamic" } as const;
  const none = { proutes: [], proutes6: [] };
  assertEquals(read({ ip: "dynamic" }).request, undefined);
  assertEquals(read({ Network: "lan", ip: "dynamic", ip6: "" }).request, { network: lan, ip: dynamic, ...none });
  const ips = ["2001:db8::5/64"];
  assertEquals(read({ network: "lan", ip: "dynamic", runtimeConfig: { ips } }).request, {
    network: lan,
    ip6: { kind: "static", address: { family: 6, value: 0x20010db8000000000000000000000005n }, prefix: 64 },
    ...none,
  });
  for (
    const [keys, problem] of [
      [{ network: "lan", tenantNetwork: "x" }, "names network and tenantnetwork, must name exactly one"],
      [{ network: "lan", ip: "10.0.0" }, 'key "ip" is "10.0.0", must be "dynamic", "none" or an IPv4 address'],
      [{ network: "lan", runtimeConfig: { ips: ["10.0.0.1", "10.0.0.2"] } }, "must be one of each family at most"],
      [{ network: "lan", runtimeConfig: { ips: ["x"] } }, 'key "ip" is "x", must be'],
    ] as const
  ) {
    const error = assertThrows(() => read(keys), CniError, problem);
    assertEquals(error.code, errorCode.invalidConfig);
  }
});

for (
  const [key, value, allowed] of [
    ["namingScheme", "legcy", "one of numbered, legacy"],
    ["namingScheme", "Legacy", "one of numbered, legacy"],
    ["namingScheme", true, "one of numbered, legacy"],
    ["apiGroup", "danm.example", "one of danm.k8s.io, danm.io"],
    ["logLevel", "verbose", "one of debug, info, warning, error"],
    ["timeout", "30", "a number of seconds above 0 and up to 600"],
    ["timeout", 0, "a number of seconds above 0 and up to 600"],
    ["timeout", 601, "a number of seconds above 0 and up to 600"],
    ["cniDir", "net.d", "an absolute path"],
    ["kubeconfig", 5, "an absolute path"],
    ["logFile", "danm.log", "an absolute path"],
    ["stateDir", ["/a"], "an absolute path"],
    ["podResourcesSocket", "kubelet.sock", "an absolute path"],
    ["namespaceIsolation", "yes", "true or false"],
    ["globalNamespaces", "a,,b", "names of namespaces with commas between"],
    ["globalNamespaces", 5, "names of namespaces with commas between"],
    ["networkStatus", 1, "true or false"],
    ["runtimeConfig", [], "an object"],
    ["runtimeConfig", "ips", "an object"],
  ] as const
) {
  Deno.test(`readDanmConfig() refuses ${key} ${JSON.stringify(value)}`, () => {
    const error = assertThrows(() => read({ [key]: value }), CniError);
    assertEquals(error.code, errorCode.invalidConfig);
    assertEquals(error.message.includes(`${key} is ${JSON.stringify(value)}, must be ${allowed}`), true, error.message);
  });
}
