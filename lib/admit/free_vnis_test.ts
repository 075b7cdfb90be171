import { assertEquals } from "@std/assert";
import type { HostDevice } from "../api/tenant_config.ts";
import type { Network, NetworkOptions } from "../api/network.ts";
import { freeVnis, nextVni, takenVnis } from "./free_vnis.ts";
import { vniBlock, vniKey } from "./vni_block.ts";

const PROFILE: HostDevice = { name: "ens4", vniType: "vlan", vniRange: "20-22,5,7-8" };

function network(kind: Network["kind"], Options: NetworkOptions, waits?: string): Network {
  const annotations = waits === undefined ? {} : { annotations: { "danm.k8s.io/waits-for": waits } };
  return { apiVersion: "", kind, metadata: { name: "a", uid: "u", ...annotations }, spec: { Options } };
}

Deno.test("freeVnis() has every number of the ranges once, in their order, but those that are taken", () => {
  assertEquals([...freeVnis(PROFILE, new Set())].map(({ vni }) => vni), [20, 21, 22, 5, 7, 8]);
  const taken = new Set([
    vniKey({ type: "vlan", device: "ens4", vni: 21 }),
    vniKey({ type: "vxlan", device: "ens4", vni: 5 }),
  ]);
  assertEquals([...freeVnis(PROFILE, taken)].map(({ vni }) => vni), [20, 22, 5, 7, 8]);
  assertEquals([...freeVnis({ name: "ens4" }, new Set())], []);
});

Deno.test("takenVnis() are those that are held and those that networks name, a VXLAN on whatever device", () => {
  const block = vniBlock({ type: "vlan", device: "ens4" }, 0, "danm.io");
  const held = { ...block, spec: { ...block.spec, allocations: { 20: "u" } } };
  const named = network("ClusterNetwork", { host_device: "ens5", vxlan: 700 });
  const taken = takenVnis([named, network("DanmNet", { host_device: "ens4", vlan: 21 })], [held]);
  assertEquals([...freeVnis(PROFILE, taken)][0]?.vni, 22);
  assertEquals([...freeVnis({ name: "ens4", vniType: "vxlan", vniRange: "700-701" }, taken)][0]?.vni, 701);
});

Deno.test("nextVni() leaves a number for everybody who waits for one of the same device and type", () => {
  const waiting = Array.from({ length: 5 }, () => network("TenantNetwork", { host_device: "ens4" }, "vlan"));
  const elsewhere = [
    network("TenantNetwork", { host_device: "ens5" }, "vlan"),
    network("TenantNetwork", { host_device: "ens4" }, "vxlan"),
    network("TenantNetwork", { host_device: "ens4", vlan: 99 }, "vlan"),
    network("TenantNetwork", { host_device: "ens4" }),
  ];
  assertEquals(nextVni(PROFILE, elsewhere, new Set())?.vni, 20);
  assertEquals(nextVni(PROFILE, [...elsewhere, ...waiting], new Set())?.vni, 8);
  assertEquals(nextVni(PROFILE, [...waiting, ...waiting], new Set()), undefined);
});
