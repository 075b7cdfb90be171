/** The API objects of the demonstration. */

/** Two networks of `networkType` on `parent`: one with IPv4 and a route, one with both families. */
export function networks(parent: string, networkType: string): string {
  return `
apiVersion: danm.k8s.io/v1
kind: DanmNet
metadata:
  name: internal
spec:
  NetworkID: internal
  NetworkType: ${networkType}
  Options:
    host_device: ${parent}
    cidr: 10.100.0.0/24
    routes:
      10.200.0.0/16: 10.100.0.1
---
apiVersion: danm.k8s.io/v1
kind: DanmNet
metadata:
  name: external
spec:
  NetworkID: external
  NetworkType: ${networkType}
  Options:
    host_device: ${parent}
    container_prefix: ext
    cidr: 192.168.50.0/24
    allocation_pool:
      start: 192.168.50.100
      end: 192.168.50.199
    net6: 2001:db8:50::/64
    rt_tables: 201
`.trimStart();
}

/** What the Pods ask for in their annotation `danm.k8s.io/interfaces`. */
export const POD_ANNOTATION = [
  { network: "internal", ip: "dynamic" },
  { network: "external", ip: "dynamic", ip6: "dynamic", proutes: { "198.51.100.0/24": "192.168.50.1" } },
];
