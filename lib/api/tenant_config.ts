/** TenantConfig: which physical resources TenantNetworks may use. Its fields are at the top level, there is no spec. */

import type { KubeObject } from "./kube_object.ts";
import type { FromSchema, Schema } from "./schema.ts";

const hostDevice = {
  type: "object",
  required: ["name"],
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
      maxLength: 1024,
    },
    alloc: { description: "Bookkeeping of the numbers in use; not for users.", type: "string" },
  },
} as const satisfies Schema;

export const tenantConfigSchema = {
  description: "Physical resources that TenantNetworks may use.",
  type: "object",
  properties: {
    hostDevices: {
      description: "Devices a TenantNetwork can be put on.",
      type: "array",
      maxItems: 256,
      items: hostDevice,
      "x-kubernetes-list-type": "atomic",
    },
    networkIds: {
      description: "NetworkID that a TenantNetwork gets, by its NetworkType.",
      type: "object",
      maxProperties: 64,
      additionalProperties: { type: "string", minLength: 1, maxLength: 253 },
    },
  },
} as const satisfies Schema;

/** The fields of a TenantConfig. */
export type TenantConfigBody = FromSchema<typeof tenantConfigSchema>;

/** One device profile. */
export type HostDevice = NonNullable<TenantConfigBody["hostDevices"]>[number];

export type TenantConfig = KubeObject<"TenantConfig", TenantConfigBody>;
