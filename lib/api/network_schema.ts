/** Schema of the body that DanmNet, TenantNetwork and ClusterNetwork share. Field names are the original system's. */

import type { Schema } from "./schema.ts";

const ADDRESS_V4 = { type: "string", maxLength: 15 } as const;
const ADDRESS_V6 = { type: "string", maxLength: 45 } as const;
const SUBNET_V4 = { type: "string", maxLength: 18 } as const;
const SUBNET_V6 = { type: "string", maxLength: 49 } as const;

const allocationPool = {
  description: "Range that dynamic IPv4 addresses are taken from. Default: the subnet without its first and last " +
    "address and without the gateways of routes.",
  type: "object",
  properties: {
    start: { description: "First address of the range.", ...ADDRESS_V4 },
    end: { description: "Last address of the range.", ...ADDRESS_V4 },
    lastIp: { description: "Bookkeeping of the original system; not used.", ...ADDRESS_V4 },
  },
} as const satisfies Schema;

const allocationPoolV6 = {
  description: "Range that dynamic IPv6 addresses are taken from. Default: the first /106 of net6.",
  type: "object",
  properties: {
    cidr: { description: "Subnet of net6 that holds the range.", ...SUBNET_V6 },
    start: { description: "First address of the range.", ...ADDRESS_V6 },
    end: { description: "Last address of the range.", ...ADDRESS_V6 },
    lastIp: { description: "Bookkeeping of the original system; not used.", ...ADDRESS_V6 },
  },
} as const satisfies Schema;

const options = {
  description: "Settings of the network.",
  type: "object",
  properties: {
    host_device: {
      description: "Parent network interface on the hosts, for ipvlan and macvlan. Excludes device_pool.",
      type: "string",
      maxLength: 15,
    },
    device_pool: {
      description: "Device plugin resource that the devices of Pods come from. Needed for sriov. Excludes host_device.",
      type: "string",
      maxLength: 317,
    },
    vlan: { description: "VLAN identifier. Excludes vxlan.", type: "integer", minimum: 1, maximum: 4094 },
    vxlan: { description: "VXLAN identifier. Excludes vlan.", type: "integer", minimum: 1, maximum: 16777215 },
    container_prefix: {
      description: "First part of the names of Pod interfaces; their number in the Pod follows. Default: eth.",
      type: "string",
      maxLength: 15,
    },
    cidr: { description: "IPv4 subnet.", ...SUBNET_V4 },
    routes: {
      description: "IPv4 routes of every Pod of the network: destination subnet to gateway address.",
      type: "object",
      additionalProperties: ADDRESS_V4,
    },
    allocation_pool: allocationPool,
    net6: { description: "IPv6 subnet.", ...SUBNET_V6 },
    routes6: {
      description: "IPv6 routes of every Pod of the network: destination subnet to gateway address.",
      type: "object",
      additionalProperties: ADDRESS_V6,
    },
    allocation_pool_v6: allocationPoolV6,
    rt_tables: {
      description: "Routing table of the policy routes that Pods ask for.",
      type: "integer",
      format: "int64",
      minimum: 0,
      maximum: 4294967295,
    },
    alloc: {
      description: "Bitmap of IPv4 addresses taken under the original system; not for users.",
      type: "string",
    },
    alloc6: {
      description: "Bitmap of IPv6 addresses taken under the original system; not for users.",
      type: "string",
    },
  },
} as const satisfies Schema;

export const networkSpecSchema = {
  description: "What the network is made of.",
  type: "object",
  properties: {
    NetworkID: {
      description: "Second identifier. Part of the names of VLAN and VXLAN interfaces on the hosts, and the name of " +
        "the CNI configuration file of a static backend. Needed with vlan and vxlan.",
      type: "string",
      maxLength: 253,
    },
    NetworkType: {
      description: "Backend that makes the interfaces: ipvlan, macvlan, sriov, or the name of any other CNI plugin, " +
        "which is then configured by a file on the hosts. Upper and lower case are the same.",
      type: "string",
      maxLength: 63,
      default: "ipvlan",
    },
    AllowedTenants: {
      description: "Namespaces whose Pods may use the network; all when empty. Only for a ClusterNetwork.",
      type: "array",
      items: { type: "string", minLength: 1, maxLength: 63 },
      "x-kubernetes-list-type": "atomic",
    },
    Options: options,
  },
} as const satisfies Schema;
