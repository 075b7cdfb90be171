import { stringify } from "@std/yaml";

/**
 * The networks of the Pods of these tests: `default`, which every node has a bridge for; `external` and `internal`,
 * of `networkType` on `eth1`.
 *
 * @param vlan of `external`; without one it is on `eth1` itself
 */
export function networks(networkType: string, vlan?: number): string {
  return [
    network("default", "bridge", { container_prefix: "eth" }, "cbr0"),
    network("external", networkType, {
      host_device: "eth1",
      ...(vlan !== undefined && { vlan }),
      container_prefix: "ext",
      cidr: "192.168.50.0/24",
      net6: "2001:db8:50::/64",
    }),
    network("internal", networkType, {
      host_device: "eth1",
      vxlan: 70_000,
      container_prefix: "int",
      cidr: "192.168.60.0/24",
    }),
  ].join("---\n");
}

function network(name: string, NetworkType: string, Options: Readonly<Record<string, unknown>>, NetworkID = name) {
  const object = {
    apiVersion: "danm.k8s.io/v1",
    kind: "ClusterNetwork",
    metadata: { name },
    spec: { NetworkID, NetworkType, Options },
  };
  return stringify(object);
}
