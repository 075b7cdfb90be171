import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Network, NetworkKind, NetworkSpec } from "../api/network.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { poolBounds } from "../ipam/pool_bounds.ts";
import { isInterfaceName } from "../net/interface_name.ts";
import { withDefaults, withKeptFields, withMadeId, withMappedId, withoutOldDefaults } from "./complete_network.ts";

function network(spec: NetworkSpec, kind: NetworkKind = "DanmNet"): Network {
  return { apiVersion: "danm.k8s.io/v1", kind, metadata: { name: "a", namespace: "ns", uid: "u" }, spec };
}

Deno.test("withDefaults() writes out NetworkType and pools", () => {
  const { spec } = withDefaults(network({ NetworkType: "", Options: { cidr: "10.0.0.7/24", net6: "2001:db8::/64" } }));
  assertEquals(spec, {
    NetworkType: "ipvlan",
    Options: {
      cidr: "10.0.0.7/24",
      net6: "2001:db8::/64",
      allocation_pool: { start: "10.0.0.1", end: "10.0.0.254" },
      allocation_pool_v6: { cidr: "2001:db8::/106", start: "2001:db8::1", end: "2001:db8::3f:fffe" },
    },
  });
});

Deno.test("withDefaults() completes half a pool and keeps what is beside it", () => {
  const pool = { start: "10.0.0.9", end: "", lastIp: "10.0.0.12" };
  const { spec } = withDefaults(
    network({ NetworkType: "macvlan", Options: { cidr: "10.0.0.0/24", allocation_pool: pool } }),
  );
  assertEquals(spec.Options?.allocation_pool, { start: "10.0.0.9", end: "10.0.0.254", lastIp: "10.0.0.12" });
});

Deno.test("withDefaults() leaves alone what makes no sense, and what is no network of addresses", () => {
  for (const Options of [undefined, {}, { cidr: "10.0.0.0" }, { allocation_pool: { start: "10.0.0.1" } }]) {
    const spec = { NetworkType: "flannel", ...(Options && { Options }) };
    assertEquals(withDefaults(network(spec)).spec, spec);
  }
});

Deno.test("withDefaults() changes neither the pool nor, the second time, anything", () => {
  const options = fc.record({
    cidr: fc.constantFrom("10.0.0.0/24", "10.0.0.0/31", "10.0.0.5/32", "172.16.0.0/12"),
    net6: fc.constantFrom("2001:db8::/64", "2001:db8::/120", "2001:db8::1/128"),
    routes: fc.constantFrom({}, { "0.0.0.0/0": "10.0.0.1" }),
  });
  fc.assert(fc.property(options, (Options) => {
    const before = network({ Options });
    const after = withDefaults(before);
    for (const family of [4, 6] as const) assertEquals(poolBounds(after, family), poolBounds(before, family));
    assertEquals(withDefaults(after), after);
  }));
});

Deno.test("withoutOldDefaults() drops the default pool of another subnet, not one that was chosen", () => {
  const before = withDefaults(network({ Options: { cidr: "10.0.0.0/24", net6: "2001:db8::/64" } }));
  const moved = network({ Options: { ...before.spec.Options, cidr: "10.1.0.0/24", net6: "2001:db9::/64" } });
  const { Options } = withDefaults(withoutOldDefaults(moved, before)).spec;
  assertEquals(Options?.allocation_pool, { start: "10.1.0.1", end: "10.1.0.254" });
  assertEquals(Options?.allocation_pool_v6?.cidr, "2001:db9::/106");
  const chosen = network({
    Options: { cidr: "10.0.0.0/24", allocation_pool: { start: "10.0.0.9", end: "10.0.0.20" } },
  });
  const kept = network({ Options: { ...chosen.spec.Options, cidr: "10.1.0.0/24" } });
  assertEquals(withoutOldDefaults(kept, chosen), kept);
  const wider = network({
    Options: { ...chosen.spec.Options, cidr: "10.0.0.0/23", allocation_pool: { start: "10.0.0.1", end: "10.0.0.254" } },
  });
  assertEquals(
    withoutOldDefaults(wider, chosen),
    wider,
    "a pool chosen with the wider subnet, as wide as the old default",
  );
  const half = withDefaults(network({ Options: { cidr: "10.0.0.0/24" } }));
  const raised = network({
    Options: { cidr: "10.0.0.0/23", allocation_pool: { start: "10.0.0.9", end: "10.0.0.254" } },
  });
  assertEquals(withoutOldDefaults(raised, half), raised, "one end chosen anew, the other as it was by default");
  const same = network({ ...before.spec });
  assertEquals(withoutOldDefaults(same, before), same);
});

Deno.test("withKeptFields() puts back what a PUT left out, and nothing that it sets", () => {
  const Options = { alloc: "gAAAAQ==", host_device: "ens4", vlan: 5, rt_tables: 7 };
  const put = network({ Options: { rt_tables: 8 } }, "TenantNetwork");
  const kept = { rt_tables: 8, alloc: "gAAAAQ==", host_device: "ens4", vlan: 5 };
  assertEquals(withKeptFields(put, network({ Options }, "TenantNetwork"), false).spec.Options, kept);
  const { alloc: _, ...imported } = kept;
  assertEquals(withKeptFields(put, network({ Options }, "TenantNetwork"), true).spec.Options, imported);
  const named = network({ NetworkID: "a" }, "TenantNetwork");
  assertEquals(withKeptFields(network({}, "TenantNetwork"), named, false).spec.NetworkID, "a");
  assertEquals(withKeptFields(network({ NetworkID: "b" }, "TenantNetwork"), named, false).spec.NetworkID, "b");
  const danmNet = network({ Options: { alloc: "x" } });
  assertEquals(withKeptFields(danmNet, network({ Options }), false), danmNet);
});

Deno.test("withMappedId() overwrites the NetworkID of static backends, at creation and when it is changed", () => {
  const metadata = { name: "config" };
  const networkIds = { Flannel: "given", macvlan: "other" };
  const config: TenantConfig = { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata, networkIds };
  const tenant = (NetworkType: string, NetworkID: string) => network({ NetworkType, NetworkID }, "TenantNetwork");
  const idOf = (now: Network, before?: Network) => withMappedId(now, before, config).spec.NetworkID;
  assertEquals(idOf(tenant("FLANNEL", "own")), "given");
  assertEquals(idOf(tenant("macvlan", "own")), "own");
  assertEquals(idOf(tenant("macvlan", "")), "other");
  assertEquals(idOf(tenant("calico", "own")), "own");
  assertEquals(idOf(tenant("flannel", "own"), tenant("flannel", "own")), "own");
  assertEquals(idOf(tenant("flannel", "new"), tenant("flannel", "own")), "given");
});

Deno.test("withMadeId() makes a NetworkID with which every name of a link fits, the same for the same seed", () => {
  assertEquals(withMadeId(network({ NetworkID: "own" }), "seed").spec.NetworkID, "own");
  fc.assert(fc.property(fc.string(), (seed) => {
    const made = withMadeId(network({ NetworkID: "" }), seed);
    const { NetworkID = "" } = made.spec;
    assertEquals([isInterfaceName(`${NetworkID}.4094`), isInterfaceName(`vx_${NetworkID}`)], [true, true]);
    assertEquals(withMadeId(network({}), seed).spec.NetworkID, NetworkID);
  }));
});
