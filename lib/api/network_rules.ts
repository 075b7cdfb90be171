/** CEL rules on a whole network: what its fields demand of each other. */

import { text } from "./cel.ts";
import type { NetworkKind } from "./network.ts";
import { DYNAMIC_BACKENDS } from "./network_type.ts";
import { KERNEL_TABLES, ROUTING_TABLES } from "../net/routing_table.ts";
import type { Rule } from "./schema.ts";

const TYPE = `${text("self", "NetworkType")}.lowerAscii()`;
const ID = text("self", "NetworkID");
const HOST_DEVICE = text("self", "Options.host_device");
const DEVICE_POOL = text("self", "Options.device_pool");
const VLAN = "self.?Options.?vlan";
const VXLAN = "self.?Options.?vxlan";

/** The longest prefix with room for a digit. Where names are not numbered nobody here can know: that is a node's setting. */
export const MAX_CONTAINER_PREFIX = 14;

/** On `container_prefix`. */
export const hasRoomForNumber: Rule = {
  rule: `size(self) <= ${MAX_CONTAINER_PREFIX}`,
  message: `must have at most ${MAX_CONTAINER_PREFIX} characters: a number follows it in the names of interfaces`,
};

/**
 * The original system stored a routing table 0 in every network that named none, together with what else nobody had set:
 * that comes back from backups, and is no choice of anybody's.
 */
const IS_STORED_BY_ORIGINAL = ["host_device", "container_prefix"].map((field) => `self.?${field}.orValue('-') == ''`)
  .concat(["alloc", "alloc6"].map((field) => `has(self.${field})`)).join(" || ");

/** Rules on the options alone. */
export const optionRules: readonly Rule[] = [
  { rule: "!has(self.vlan) || !has(self.vxlan)", message: "vlan and vxlan exclude each other: set one of them" },
  {
    rule: `${text("self", "host_device")} == '' || ${text("self", "device_pool")} == ''`,
    message: "host_device and device_pool exclude each other: set one of them",
  },
  {
    rule: `!has(self.rt_tables) || !(self.rt_tables in [${KERNEL_TABLES.join(", ")}]) || ` +
      `self.rt_tables == 0 && (${IS_STORED_BY_ORIGINAL})`,
    messageExpression: `"is %d, must be ${ROUTING_TABLES}".format([self.rt_tables])`,
    fieldPath: ".rt_tables",
  },
];

/** Rules on the body of every kind of network. The names of VLAN and VXLAN links on the hosts are made from NetworkID. */
export const networkRules: readonly Rule[] = [
  {
    rule: `!(${TYPE} in ['', ${DYNAMIC_BACKENDS.map((type) => `'${type}'`).join(", ")}]) || size(${ID}) <= 11`,
    messageExpression: `"is " + ${ID} + ", must have at most 11 characters with ipvlan, macvlan and sriov"`,
    fieldPath: ".NetworkID",
  },
  {
    rule: `!${VLAN}.hasValue() && !${VXLAN}.hasValue() || ${ID} != ''`,
    message: "is missing, must be set with vlan or vxlan",
    fieldPath: ".NetworkID",
  },
  {
    rule: `!${VLAN}.hasValue() || ${HOST_DEVICE} == '' || size(${ID}) + 1 + size(string(${VLAN}.orValue(0))) <= 15`,
    messageExpression: `"is " + ${ID} + ", must be shorter: the link name NetworkID.vlan has at most 15 characters"`,
    fieldPath: ".NetworkID",
  },
  {
    rule: `!${VXLAN}.hasValue() || ${HOST_DEVICE} == '' || size(${ID}) <= 12`,
    messageExpression: `"is " + ${ID} + ", must be shorter: the link name vx_NetworkID has at most 15 characters"`,
    fieldPath: ".NetworkID",
  },
  {
    rule: `${TYPE} != 'sriov' || ${DEVICE_POOL} != ''`,
    message: "NetworkType sriov needs Options.device_pool, which is missing",
  },
  {
    rule: `${TYPE} != 'sriov' || ${HOST_DEVICE} == ''`,
    message: "NetworkType sriov takes its devices from Options.device_pool: Options.host_device must be absent",
  },
  {
    rule: `${TYPE} != 'sriov' || !${VXLAN}.hasValue()`,
    messageExpression: `"is %d, must be absent with NetworkType sriov, whose devices know only vlan"` +
      `.format([${VXLAN}.orValue(0)])`,
    fieldPath: ".Options.vxlan",
  },
];

const noAllowedTenants: Rule = {
  rule: "!has(self.AllowedTenants) || size(self.AllowedTenants) == 0",
  message: "is only for ClusterNetworks: this network belongs to its namespace",
  fieldPath: ".AllowedTenants",
};

/** Refuses to change `field` of a TenantNetwork, whose physical resources are given to it, not chosen by it. */
function unchangeable(field: string, value: (root: string) => string): Rule {
  return {
    rule: `${value("self")} == ${value("oldSelf")}`,
    message: "cannot be changed in a TenantNetwork: delete it and create it anew",
    fieldPath: `.Options.${field}`,
  };
}

/** Refuses to change the number of a TenantNetwork, which the webhook gives to it when it exists already. */
function givenOnce(field: "vlan" | "vxlan"): Rule {
  const before = `oldSelf.?Options.?${field}`;
  const { rule, ...rest } = unchangeable(field, (root) => `${root}.?Options.?${field}`);
  return { rule: `!${before}.hasValue() || ${rule}`, ...rest };
}

/** What one kind demands beyond {@link networkRules}. */
export const networkKindRules: Readonly<Record<NetworkKind, readonly Rule[]>> = {
  DanmNet: [noAllowedTenants],
  TenantNetwork: [
    noAllowedTenants,
    unchangeable("host_device", (root) => text(root, "Options.host_device")),
    unchangeable("device_pool", (root) => text(root, "Options.device_pool")),
    givenOnce("vlan"),
    givenOnce("vxlan"),
  ],
  ClusterNetwork: [],
};
