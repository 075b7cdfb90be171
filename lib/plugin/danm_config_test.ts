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
} as const;

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
  } as const;
  assertEquals(read(set, "/srv/cni"), set);
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
