import { assertEquals } from "@std/assert";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { vniBlock } from "./vni_block.ts";
import { vniUsage } from "./vni_usage.ts";

function config(...hostDevices: readonly HostDevice[]): TenantConfig {
  return { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata: { name: "a" }, hostDevices };
}

Deno.test("vniUsage() counts of every range what is taken of it", () => {
  const block = vniBlock({ device: "ens4", type: "vlan" }, 0, "danm.k8s.io");
  const taken = { ...block, spec: { ...block.spec, allocations: { 5: "a", 7: "b", 200: "c" } } };
  const [ens4, vxlan, plain] = [
    { name: "ens4", vniType: "vlan", vniRange: "1-7,9" } as const,
    { name: "ens4", vniType: "vxlan", vniRange: "1-7" } as const,
    { name: "ens5" },
  ];
  assertEquals(vniUsage(config(ens4, vxlan, plain), [taken]), "ens4 vlan 2/8, ens4 vxlan 0/7");
  assertEquals(vniUsage(config(plain), [taken]), "");
  assertEquals(vniUsage(config({ ...ens4, vniRange: "x" }), [taken]), "");
});

Deno.test("vniUsage() counts a VXLAN for every device that offers it", () => {
  const block = vniBlock({ type: "vxlan" }, 0, "danm.k8s.io");
  const taken = { ...block, spec: { ...block.spec, allocations: { 5: "a", 20: "b" } } };
  const profile = (name: string) => ({ name, vniType: "vxlan", vniRange: "1-7" } as const);
  assertEquals(vniUsage(config(profile("ens4"), profile("ens5")), [taken]), "ens4 vxlan 1/7, ens5 vxlan 1/7");
});
