import { assertEquals, assertThrows } from "@std/assert";
import { type ClusterNetwork, type DanmNet, networkOptions, networkRef, type NetworkSpec } from "./network.ts";
import { isDynamicBackend, networkType } from "./network_type.ts";

function danmNet(spec: NetworkSpec): DanmNet {
  const metadata = { name: "a", namespace: "ns", uid: "u1" };
  return { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata, spec };
}

Deno.test("networkOptions() drops what the original system stored for absent fields", () => {
  const network = danmNet({
    Options: {
      host_device: "",
      cidr: "10.0.0.0/24",
      rt_tables: 0,
      routes: {},
      allocation_pool: { start: "", end: "10.0.0.9", lastIp: "" },
      allocation_pool_v6: { cidr: "", start: "", end: "" },
    },
  });
  assertEquals(networkOptions(network), { cidr: "10.0.0.0/24", allocation_pool: { end: "10.0.0.9" } });
});

Deno.test("networkOptions() takes null for absent, wherever it stands", () => {
  const Options = JSON.parse(
    '{"cidr":"10.0.0.0/24","net6":null,"vlan":null,"routes":null,"allocation_pool":{"start":null}}',
  );
  assertEquals(networkOptions(danmNet({ Options })), { cidr: "10.0.0.0/24" });
  assertEquals(networkOptions(danmNet(JSON.parse('{"Options":null}'))), {});
  assertEquals(networkType(danmNet(JSON.parse('{"NetworkType":null}'))), "ipvlan");
});

Deno.test("networkOptions() keeps a route without a gateway, for its reader to refuse", () => {
  const Options = { routes: { "10.1.0.0/16": "" } };
  assertEquals(networkOptions(danmNet({ Options })), Options);
});

Deno.test("networkOptions() keeps every value that means something", () => {
  const Options = {
    host_device: "ens4",
    vlan: 5,
    rt_tables: 200,
    routes: { "10.1.0.0/16": "10.0.0.1" },
    allocation_pool_v6: { cidr: "2001:db8::/106" },
  };
  assertEquals(networkOptions(danmNet({ Options })), Options);
  assertEquals(networkOptions(danmNet({})), {});
});

Deno.test("networkRef() names the namespace of namespaced networks only", () => {
  assertEquals(networkRef(danmNet({})), { kind: "DanmNet", namespace: "ns", name: "a", uid: "u1" });
  const cluster: ClusterNetwork = {
    apiVersion: "danm.io/v1",
    kind: "ClusterNetwork",
    metadata: { name: "c", uid: "u2" },
    spec: {},
  };
  assertEquals(networkRef(cluster), { kind: "ClusterNetwork", name: "c", uid: "u2" });
});

Deno.test("networkRef() refuses a network that was not read from an API server", () => {
  const network: DanmNet = { ...danmNet({}), metadata: { name: "a" } };
  assertThrows(() => networkRef(network), TypeError, "Cannot refer to DanmNet a: its UID is missing, must be set");
});

Deno.test("networkType() is lower case and ipvlan when nothing is named", () => {
  assertEquals(networkType({ spec: { NetworkType: "MacVLAN" } }), "macvlan");
  assertEquals(networkType({ spec: { NetworkType: "" } }), "ipvlan");
  assertEquals(networkType({ spec: {} }), "ipvlan");
});

Deno.test("isDynamicBackend() knows the three backends configured from the network alone", () => {
  assertEquals(["ipvlan", "macvlan", "sriov", "flannel", "bridge"].map(isDynamicBackend), [
    true,
    true,
    true,
    false,
    false,
  ]);
});
