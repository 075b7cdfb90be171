/**
 * AddressBlock: an aligned run of numbers, each held by at most one owner. The numbers are addresses of a network's
 * pool, or VLAN/VXLAN numbers on a device. The API server itself refuses to change the owner of a taken number.
 */

import type { KubeObject } from "./kube_object.ts";
import { NETWORK_KINDS } from "./network.ts";
import type { FromSchema, Rule, Schema } from "./schema.ts";

/** The most numbers one block can hold. */
export const MAX_BLOCK_SIZE = 256;

/** The longest owner, in characters. */
export const MAX_OWNER_LENGTH = 200;

/** The identity of a block is fixed: only who holds its numbers changes. */
const FIXED = { "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "cannot be changed" }] } as const;

/** One owner per number: a taken one has to be released first. */
const ONE_OWNER = {
  "x-kubernetes-validations": [{
    rule: "self == oldSelf",
    messageExpression: `"is taken by " + oldSelf + ", must be released before " + self + " can take it"`,
  }],
} as const;

/** What only fixed fields can break is looked at when the block is made. */
function whenMade(rule: string): Pick<Rule, "rule" | "optionalOldSelf"> {
  return { rule: `oldSelf.hasValue() || ${rule}`, optionalOldSelf: true };
}

/**
 * Refuses offsets that are not written as the block's numbers are: `07` and `7` would be two owners of one number. The
 * size is read once, by way of a list of one: in the loop it would be a twelfth of what a write costs the API server.
 */
const OFFSETS_INSIDE = ["allocations", "released"].map((field) =>
  `(!has(self.${field}) || [uint(self.size)].all(n, self.${field}.all(o, string(uint(o)) == o && uint(o) < n)))`
).join(" && ");

/** An address block has network and family, a block of VLAN or VXLAN numbers vniType, and device for VLANs; for good. */
const rules: readonly Rule[] = [
  {
    rule: "has(self.network) == has(self.family) && has(self.network) != has(self.vniType) && " +
      "(!has(self.device) || has(self.vniType)) && (!has(self.vniType) || self.vniType != 'vlan' || has(self.device))",
    message: "must have either network and family, or device and vniType; of these, vxlan needs no device",
  },
  { rule: "has(self.network) == has(oldSelf.network)", message: "cannot change from addresses to VNIs or back" },
  {
    ...whenMade(
      "!has(self.family) || isIP(self.base) && ip(self.base).family() == (self.family == 'IPv4' ? 4 : 6)",
    ),
    messageExpression: '"is " + self.base + ", must be an address of the family"',
    fieldPath: ".base",
  },
  {
    ...whenMade(
      "!has(self.vniType) || self.base.matches('^(0|[1-9][0-9]{0,7})$') && " +
        "int(self.base) + self.size <= (self.vniType == 'vlan' ? 4096 : 16777216)", // the reserved 4095 fills a block
    ),
    messageExpression: '"is " + self.base + ", must be a number that leaves room for size below the highest VNI"',
    fieldPath: ".base",
  },
  { rule: OFFSETS_INSIDE, message: "every key of allocations and released must be a decimal number below size" },
];

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
  ...FIXED,
} as const satisfies Schema;

export const addressBlockSpecSchema = {
  description:
    "Which numbers these are, and who holds them. Either network and family, or vniType and for VLANs device.",
  type: "object",
  required: ["base", "size"],
  "x-kubernetes-validations": rules,
  properties: {
    network,
    family: { description: "Family of the addresses.", type: "string", enum: ["IPv4", "IPv6"], ...FIXED },
    device: {
      description:
        "Host device or device pool on which the VLAN numbers are unique. VXLAN numbers are unique everywhere.",
      type: "string",
      minLength: 1,
      maxLength: 317,
      ...FIXED,
    },
    vniType: { description: "What the numbers are.", type: "string", enum: ["vlan", "vxlan"], ...FIXED },
    base: {
      description: "The number at offset 0: an address, or a VLAN or VXLAN number in decimal.",
      type: "string",
      minLength: 1,
      maxLength: 45,
      ...FIXED,
    },
    size: {
      description: "How many numbers the block covers.",
      type: "integer",
      minimum: 1,
      maximum: MAX_BLOCK_SIZE,
      ...FIXED,
    },
    allocations: {
      description: "Owner of each taken number, by its offset in decimal.",
      type: "object",
      maxProperties: MAX_BLOCK_SIZE,
      additionalProperties: { type: "string", minLength: 1, maxLength: MAX_OWNER_LENGTH, ...ONE_OWNER },
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

export type AddressBlock = KubeObject<"AddressBlock", { readonly spec: AddressBlockSpec }>;
