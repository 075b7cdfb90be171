/** Schema of the body that DanmNet, TenantNetwork and ClusterNetwork share. Field names are the original system's. */

import {
  addressInside,
  addressSchema,
  destinationsAreSubnets,
  inOrder,
  needs,
  optionalAddressSchema,
  optionalSubnetSchema,
  routesOf,
  subnetInside,
} from "./cel.ts";
import { hasRoomForNumber, networkRules, optionRules } from "./network_rules.ts";
import { DEFAULT_NETWORK_TYPE } from "./network_type.ts";
import { MAX_TABLE } from "../net/routing_table.ts";
import type { Schema } from "./schema.ts";

/** Empty, or what `isInterfaceName` of lib/net accepts; without a length, as NetworkID may be longer. */
const INTERFACE_NAME = "^([A-Za-z0-9_][A-Za-z0-9_.@-]*)?$";
/** Empty, or an extended resource name: a DNS domain, a slash, a qualified name. */
const RESOURCE_NAME = "^([a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$";
/** Empty, or the file name of a CNI plugin. */
const PLUGIN_NAME = "^([A-Za-z0-9][A-Za-z0-9_.+-]*)?$";

/** More routes than anyone has; a bound is what lets the API server estimate the cost of rules. */
const MAX_ROUTES = 256;

const LAST_IP = {
  description: "Bookkeeping of the original system; not used.",
  type: "string",
  maxLength: 45,
} as const;

const allocationPool = {
  description: "Range that dynamic IPv4 addresses are taken from, except for gateways of routes. Default: the subnet " +
    "without its first and last address.",
  type: "object",
  properties: {
    start: { description: "First address of the range.", ...optionalAddressSchema(4) },
    end: { description: "Last address of the range.", ...optionalAddressSchema(4) },
    lastIp: LAST_IP,
  },
} as const satisfies Schema;

const allocationPoolV6 = {
  description: "Range that dynamic IPv6 addresses are taken from, except for gateways of routes. Default: the first " +
    "/106 of net6.",
  type: "object",
  properties: {
    cidr: { description: "Subnet of net6 that holds the range.", ...optionalSubnetSchema(6) },
    start: { description: "First address of the range.", ...optionalAddressSchema(6) },
    end: { description: "Last address of the range.", ...optionalAddressSchema(6) },
    lastIp: LAST_IP,
  },
} as const satisfies Schema;

const options = {
  description: "Settings of the network.",
  type: "object",
  "x-kubernetes-validations": [
    ...optionRules,
    needs("allocation_pool.start", "cidr"),
    needs("allocation_pool.end", "cidr"),
    addressInside("allocation_pool.start", "cidr"),
    addressInside("allocation_pool.end", "cidr"),
    inOrder("allocation_pool.start", "allocation_pool.end"),
    ...routesOf("routes", "cidr"),
    needs("allocation_pool_v6.cidr", "net6"),
    needs("allocation_pool_v6.start", "net6"),
    needs("allocation_pool_v6.end", "net6"),
    subnetInside("allocation_pool_v6.cidr", "net6"),
    addressInside("allocation_pool_v6.start", "net6"),
    addressInside("allocation_pool_v6.end", "net6"),
    addressInside("allocation_pool_v6.start", "allocation_pool_v6.cidr"),
    addressInside("allocation_pool_v6.end", "allocation_pool_v6.cidr"),
    ...routesOf("routes6", "net6"),
  ],
  properties: {
    host_device: {
      description: "Parent network interface on the hosts, for ipvlan and macvlan. Excludes device_pool.",
      type: "string",
      maxLength: 15,
      pattern: INTERFACE_NAME,
    },
    device_pool: {
      description: "Device plugin resource that the devices of Pods come from. Needed for sriov. Excludes host_device.",
      type: "string",
      maxLength: 317,
      pattern: RESOURCE_NAME,
    },
    vlan: { description: "VLAN identifier. Excludes vxlan.", type: "integer", minimum: 1, maximum: 4094 },
    vxlan: { description: "VXLAN identifier. Excludes vlan.", type: "integer", minimum: 1, maximum: 16777215 },
    container_prefix: {
      description: "First part of the names of Pod interfaces; their number in the Pod follows. Default: eth.",
      type: "string",
      maxLength: 15,
      pattern: INTERFACE_NAME,
      "x-kubernetes-validations": [hasRoomForNumber],
    },
    cidr: { description: "IPv4 subnet.", ...optionalSubnetSchema(4) },
    routes: {
      description: "IPv4 routes of every Pod of the network: destination subnet to gateway address.",
      type: "object",
      maxProperties: MAX_ROUTES,
      additionalProperties: addressSchema(4),
      "x-kubernetes-validations": [destinationsAreSubnets(4, "10.1.0.0/16")],
    },
    allocation_pool: allocationPool,
    net6: { description: "IPv6 subnet.", ...optionalSubnetSchema(6) },
    routes6: {
      description: "IPv6 routes of every Pod of the network: destination subnet to gateway address, which may be " +
        "link-local.",
      type: "object",
      maxProperties: MAX_ROUTES,
      additionalProperties: addressSchema(6),
      "x-kubernetes-validations": [destinationsAreSubnets(6, "2001:db8:1::/48")],
    },
    allocation_pool_v6: allocationPoolV6,
    rt_tables: {
      description: "Routing table of the policy routes that Pods ask for; 0 and 253-255 are the kernel's own.",
      type: "integer",
      format: "int64",
      minimum: 0,
      maximum: MAX_TABLE,
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
  "x-kubernetes-validations": networkRules,
  properties: {
    NetworkID: {
      description: "Second identifier. Part of the names of VLAN and VXLAN interfaces on the hosts, and the name of " +
        "the CNI configuration file of a static backend. Needed with vlan and vxlan.",
      type: "string",
      maxLength: 253,
      pattern: INTERFACE_NAME,
    },
    NetworkType: {
      description: "Backend that makes the interfaces: ipvlan, macvlan, sriov, or the name of any other CNI plugin, " +
        "which is then configured by a file on the hosts. Upper and lower case are the same.",
      type: "string",
      maxLength: 63,
      pattern: PLUGIN_NAME,
      default: DEFAULT_NETWORK_TYPE,
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
