/**
 * AddressBlock: an aligned run of numbers, each held by at most one owner. The numbers are addresses of a network's
 * pool, or VLAN/VXLAN numbers on a device. The API server itself refuses to change the owner of a taken number.
 */

import type { KubeObject } from "./kube_object.ts";
import { NETWORK_KINDS } from "./network.ts";
import type { FromSchema, Schema } from "./schema.ts";

/** The most numbers one block can hold. */
export const MAX_BLOCK_SIZE = 256;

/** The longest owner, in characters. */
export const MAX_OWNER_LENGTH = 200;

const network = {
  description: "The network whose addresses these are.",
  type: "object",
  required: ["kind", "name", "uid"],
  properties: {
    kind: { description: "Kind of the network.", type: "string", enum: NETWORK_KINDS },
    namespace: { description: "Its namespace; absent for a ClusterNetwork.", type: "string", maxLength: 63 },
    name: { description: "Its name.", type: "string", minLength: 1, maxLength: 253 },
    uid: { description: "Its UID.", type: "string", minLength: 1, maxLength: 64 },
  },
} as const satisfies Schema;

export const addressBlockSpecSchema = {
  description: "Which numbers these are, and who holds them. Either network and family, or device and vniType.",
  type: "object",
  required: ["base", "size"],
  properties: {
    network,
    family: { description: "Family of the addresses.", type: "string", enum: ["IPv4", "IPv6"] },
    device: {
      description: "Host device or device pool on which the VLAN or VXLAN numbers are unique.",
      type: "string",
      minLength: 1,
      maxLength: 317,
    },
    vniType: { description: "What the numbers are.", type: "string", enum: ["vlan", "vxlan"] },
    base: {
      description: "The number at offset 0: an address, or a VLAN or VXLAN number in decimal.",
      type: "string",
      minLength: 1,
      maxLength: 45,
    },
    size: { description: "How many numbers the block covers.", type: "integer", minimum: 1, maximum: MAX_BLOCK_SIZE },
    allocations: {
      description: "Owner of each taken number, by its offset in decimal.",
      type: "object",
      maxProperties: MAX_BLOCK_SIZE,
      additionalProperties: { type: "string", minLength: 1, maxLength: MAX_OWNER_LENGTH },
    },
    released: {
      description: "When each free number was last released, by its offset: the oldest are taken again first.",
      type: "object",
      maxProperties: MAX_BLOCK_SIZE,
      additionalProperties: { type: "string", format: "date-time", maxLength: 35 },
    },
  },
} as const satisfies Schema;

/** A block's body. */
export type AddressBlockSpec = FromSchema<typeof addressBlockSpecSchema>;

/** The family of a block's addresses, in the Kubernetes words. */
export type IpFamily = NonNullable<AddressBlockSpec["family"]>;

/** Which of the two number spaces a virtual network identifier belongs to. */
export type VniType = NonNullable<AddressBlockSpec["vniType"]>;

export type AddressBlock = KubeObject<"AddressBlock", { readonly spec: AddressBlockSpec }>;
