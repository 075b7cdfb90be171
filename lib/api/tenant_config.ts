/** TenantConfig: which physical resources TenantNetworks may use. Its fields are at the top level, there is no spec. */

import type { KubeObject } from "./kube_object.ts";
import { DYNAMIC_BACKENDS } from "./network_type.ts";
import type { FromSchema, Rule, Schema } from "./schema.ts";

/** The numbers of one profile; overlaps between profiles are for the webhook to see. */
const vniRangeRules: readonly Rule[] = [
  {
    rule: "has(self.vniType) == has(self.vniRange)",
    message: "vniType and vniRange need each other: set both or none",
  },
  {
    rule: "!has(self.vniType) || !has(self.vniRange) || self.vniRange.split(',').all(r, " +
      "r.matches('^ *[0-9]{1,8} *(- *[0-9]{1,8} *)?$') && r.split('-').all(n, int(n.trim()) >= 1 && " +
      "int(n.trim()) <= (self.vniType == 'vlan' ? 4094 : 16777215)) && r.split('-').map(n, int(n.trim())).isSorted())",
    messageExpression: `"is " + self.vniRange + ", must be numbers and ranges such as 2000-2500,2601 within " + ` +
      `(self.vniType == 'vlan' ? "1-4094" : "1-16777215")`,
    fieldPath: ".vniRange",
  },
];

/** NetworkTypes in capitals are for the webhook to see: keys have no maximum length, so folding their case costs too much. */
const networkIdRules: readonly Rule[] = [
  { rule: "!('' in self)", message: "every key must be a NetworkType: one is empty" },
  {
    rule: `[${DYNAMIC_BACKENDS.map((type) => `'${type}'`).join(", ")}].all(t, !(t in self) || size(self[t]) <= 11)`,
    message: "a NetworkID for ipvlan, macvlan or sriov must have at most 11 characters",
  },
];

const hostDevice = {
  type: "object",
  required: ["name"],
  "x-kubernetes-validations": vniRangeRules,
  properties: {
    name: {
      description: "Name of a host device, or of a device plugin resource.",
      type: "string",
      minLength: 1,
      maxLength: 317,
    },
    vniType: {
      description: "What a TenantNetwork on this device is tagged with. Needs vniRange.",
      type: "string",
      enum: ["vlan", "vxlan"],
    },
    vniRange: {
      description: "Numbers and ranges to tag with, separated by commas: 2000-2500,2601. Needs vniType.",
      type: "string",
      maxLength: 512,
    },
    alloc: { description: "Bookkeeping of the numbers in use; not for users.", type: "string" },
  },
} as const satisfies Schema;

export const tenantConfigSchema = {
  description: "Physical resources that TenantNetworks may use.",
  type: "object",
  "x-kubernetes-validations": [{
    rule: "has(self.hostDevices) && size(self.hostDevices) > 0 || has(self.networkIds) && size(self.networkIds) > 0",
    message: "hostDevices or networkIds must be set",
  }],
  properties: {
    hostDevices: {
      description: "Devices a TenantNetwork can be put on.",
      type: "array",
      maxItems: 128,
      items: hostDevice,
      "x-kubernetes-list-type": "atomic",
    },
    networkIds: {
      description: "NetworkID that a TenantNetwork gets, by its NetworkType.",
      type: "object",
      maxProperties: 64,
      additionalProperties: { type: "string", minLength: 1, maxLength: 253 },
      "x-kubernetes-validations": networkIdRules,
    },
  },
} as const satisfies Schema;

/** The fields of a TenantConfig. */
export type TenantConfigBody = FromSchema<typeof tenantConfigSchema>;

/** One device profile. */
export type HostDevice = NonNullable<TenantConfigBody["hostDevices"]>[number];

export type TenantConfig = KubeObject<"TenantConfig", TenantConfigBody>;
