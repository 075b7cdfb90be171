import { assertEquals } from "@std/assert";
import type { NetworkSpec, TenantNetwork } from "../api/network.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { configInForce, suitableProfiles } from "./tenant_profile.ts";

function config(name: string, creationTimestamp?: string): TenantConfig {
  const metadata = { name, ...(creationTimestamp && { creationTimestamp }) };
  const hostDevices = [{ name: "ens4" }, { name: "ens5" }, { name: "a/b" }];
  return { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata, hostDevices };
}

function names(spec: NetworkSpec): readonly string[] | string {
  const network: TenantNetwork = { apiVersion: "", kind: "TenantNetwork", metadata: { name: "a" }, spec };
  const choice = suitableProfiles(network, config("a"));
  return "objection" in choice ? choice.objection.field : choice.profiles.map(({ name }) => name);
}

Deno.test("configInForce() is the oldest, then the first by name", () => {
  const [old, young, twin] = [
    config("z", "2020-01-01T00:00:00Z"),
    config("a", "2021-01-01T00:00:00Z"),
    config("y", "2020-01-01T00:00:00Z"),
  ];
  assertEquals(configInForce([young, old]), old);
  assertEquals(configInForce([young, old, twin]), twin);
  assertEquals(configInForce([]), undefined);
});

Deno.test("suitableProfiles() offers host devices to ipvlan and macvlan, the named pool to sriov", () => {
  assertEquals(names({}), ["ens4", "ens5"]);
  assertEquals(names({ NetworkType: "MACVLAN", Options: { host_device: "ens5" } }), ["ens5"]);
  assertEquals(names({ NetworkType: "sriov", Options: { device_pool: "a/b" } }), ["a/b"]);
  assertEquals(names({ NetworkType: "sriov" }), "spec.Options.device_pool");
  assertEquals(names({ Options: { host_device: "ens6" } }), "spec.Options.host_device");
});

Deno.test("suitableProfiles() has none for a static backend, which may only name what tenants may", () => {
  assertEquals(names({ NetworkType: "flannel" }), []);
  assertEquals(names({ NetworkType: "bridge", Options: { host_device: "ens4" } }), []);
  assertEquals(names({ NetworkType: "bridge", Options: { device_pool: "c/d" } }), "spec.Options.device_pool");
});
