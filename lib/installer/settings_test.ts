import { assertEquals, assertThrows } from "@std/assert";
import { readSettings, SettingsError } from "./settings.ts";

Deno.test("readSettings() has defaults for everything", () => {
  const defaults = {
    configFile: "00-danm.conf",
    server: undefined,
    tokenLifetime: 604_800,
    danm: { cniVersion: "1.0.0" },
    stateDir: "/var/lib/danm",
  };
  assertEquals(readSettings(new Map()), defaults);
  assertEquals(readSettings(new Map([["timeout", "\n"]])), defaults);
});

Deno.test("readSettings() reads what is set", () => {
  const settings = readSettings(
    new Map([
      ["configFile", "99-danm.conf"],
      ["server", "https://10.0.0.1:6443/\n"],
      ["tokenLifetime", "3600"],
      ["cniVersion", "1.1.0"],
      ["timeout", "60"],
      ["namingScheme", "legacy"],
      ["stateDir", "/srv/danm"],
      ["namespaceIsolation", "true"],
      ["globalNamespaces", "default, shared"],
      ["networkStatus", "false\n"],
    ]),
  );
  assertEquals(settings, {
    configFile: "99-danm.conf",
    server: "https://10.0.0.1:6443",
    tokenLifetime: 3600,
    danm: {
      cniVersion: "1.1.0",
      timeout: 60,
      namingScheme: "legacy",
      stateDir: "/srv/danm",
      namespaceIsolation: true,
      globalNamespaces: "default, shared",
      networkStatus: false,
    },
    stateDir: "/srv/danm",
  });
});

Deno.test("readSettings() refuses what cannot be meant, and names it", () => {
  const wrong: readonly (readonly [string, string])[] = [
    ["timeOut", "30"],
    ["kubeconfig", "/root/.kube/config"],
    ["apiGroup", "danm.io"],
    ["configFile", "../../etc/passwd.conf"],
    ["configFile", "danm.json"],
    ["configFile", ".danm.conf"],
    ["server", "http://10.0.0.1"],
    ["server", "10.0.0.1:6443"],
    ["tokenLifetime", "599"],
    ["tokenLifetime", "a week"],
    ["cniVersion", "0.2.0"],
    ["networkStatus", "off"],
    ["namespaceIsolation", "1"],
    ["globalNamespaces", "A B"],
    ["timeout", "0"],
    ["timeout", "soon"],
    ["namingScheme", "new"],
    ["logLevel", "trace"],
    ["stateDir", "var/lib/danm"],
  ];
  for (const [key, value] of wrong) {
    assertThrows(() => readSettings(new Map([[key, value]])), SettingsError, `Cannot use setting ${key}`);
  }
});
