import { assertEquals } from "@std/assert";
import type { Network, NetworkOptions } from "../api/network.ts";
import { networkWarnings } from "./network_warnings.ts";

function network(name: string, Options: NetworkOptions): Network {
  const metadata = { name, namespace: "ns", uid: name };
  return { apiVersion: "danm.k8s.io/v1", kind: "DanmNet", metadata, spec: { Options } };
}

Deno.test("networkWarnings() tells of a route that leads to the pool itself", () => {
  const net6 = "2001:db8::/64";
  const warnings = networkWarnings(network("a", { net6, routes6: { "2001:db8::/120": "2001:db8::ffff:1" } }), []);
  assertEquals(warnings, [
    "spec.Options.routes6[2001:db8::/120]: addresses of the pool are in 2001:db8::/120, so Pods reach each other there " +
    "by 2001:db8::ffff:1 only",
  ]);
  assertEquals(networkWarnings(network("a", { net6, routes6: { "2001:db8::/32": "2001:db8::ffff:1" } }), []), []);
});

Deno.test("networkWarnings() tells of a subnet that overlaps another one on the same device and VNI", () => {
  const own = network("a", { host_device: "ens4", vlan: 5, cidr: "10.0.0.0/24" });
  const warned = (name: string, options: NetworkOptions) => networkWarnings(own, [network(name, options)]);
  assertEquals(warned("b", { host_device: "ens4", vlan: 5, cidr: "10.0.0.128/16" }), [
    "spec.Options.cidr overlaps that of DanmNet ns/b on the same device and VNI",
  ]);
  assertEquals(warned("a", { host_device: "ens4", vlan: 5, cidr: "10.0.0.0/24" }), []);
  assertEquals(warned("b", { host_device: "ens4", vlan: 5, cidr: "10.0.1.0/24" }), []);
  assertEquals(warned("b", { host_device: "ens4", vlan: 6, cidr: "10.0.0.0/24" }), []);
  assertEquals(warned("b", { host_device: "ens4", vxlan: 5, cidr: "10.0.0.0/24" }), []);
  assertEquals(warned("b", { host_device: "ens5", vlan: 5, cidr: "10.0.0.0/24" }), []);
  assertEquals(networkWarnings(network("a", { cidr: "10.0.0.0/24" }), [network("b", { cidr: "10.0.0.0/24" })]), []);
});
