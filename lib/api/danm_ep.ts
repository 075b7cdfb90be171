/** DanmEp: the record of one interface of one Pod, written only by DANM. */

import { ATTACHABLE_KINDS } from "./attachable.ts";
import { addressSchema } from "./cel.ts";
import type { KubeObject } from "./kube_object.ts";

import type { FromSchema, Schema } from "./schema.ts";

const TEXT = { type: "string", maxLength: 253 } as const;

/** An address with prefix length, `none`, or empty. */
function attachedAddress(family: 4 | 6) {
  return {
    type: "string",
    maxLength: family === 4 ? 18 : 49,
    "x-kubernetes-validations": [{
      rule: `self in ['', 'none'] || isCIDR(self) && cidr(self).ip().family() == ${family}`,
      message: `must be an IPv${family} address with prefix length, none or empty`,
    }],
  } as const satisfies Schema;
}

const interfaceSchema = {
  description: "The interface as it was made.",
  type: "object",
  required: ["Name", "Address", "AddressIPv6", "MacAddress", "proutes", "proutes6", "DeviceID"],
  properties: {
    Name: { description: "Name in the Pod.", type: "string", minLength: 1, maxLength: 15 },
    Address: {
      description: "IPv4 address with prefix length, none when the Pod asked for none, else empty.",
      ...attachedAddress(4),
    },
    AddressIPv6: {
      description: "IPv6 address with prefix length, none when the Pod asked for none, else empty.",
      ...attachedAddress(6),
    },
    MacAddress: {
      description: "Hardware address, else empty.",
      type: "string",
      maxLength: 59,
      pattern: "^([0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*)?$",
    },
    proutes: {
      description: "IPv4 policy routes of the Pod: destination to gateway.",
      type: "object",
      maxProperties: 256,
      additionalProperties: addressSchema(4),
    },
    proutes6: {
      description: "IPv6 policy routes of the Pod: destination to gateway.",
      type: "object",
      maxProperties: 256,
      additionalProperties: addressSchema(6),
    },
    DeviceID: { description: "PCI address of the device the interface is made of, else empty.", ...TEXT },
  },
} as const satisfies Schema;

export const danmEpSpecSchema = {
  description: "Which interface of which Pod was attached to which network, and where.",
  type: "object",
  required: [
    "NetworkName",
    "NetworkType",
    "NetworkUID",
    "EndpointID",
    "apiType",
    "Host",
    "Pod",
    "PodUID",
    "CID",
    "netns",
    "Interface",
  ],
  properties: {
    NetworkName: { description: "Name of the network.", ...TEXT },
    NetworkType: { description: "Backend that made the interface, in lower case.", type: "string", maxLength: 63 },
    NetworkUID: { description: "UID of the network.", ...TEXT },
    EndpointID: {
      description: "Identifier of this attachment, and the owner its addresses are taken under in AddressBlocks.",
      type: "string",
      maxLength: 200,
    },
    NetworkNamespace: {
      description:
        "Namespace of a NetworkAttachmentDefinition. Absent for DANM's networks: they are of no namespace or " +
        "of the record's own.",
      ...TEXT,
    },
    apiType: { description: "Kind of the network.", type: "string", enum: ATTACHABLE_KINDS },
    Host: { description: "Name of the node.", ...TEXT },
    Pod: { description: "Name of the Pod.", ...TEXT },
    PodUID: { description: "UID of the Pod.", ...TEXT },
    CID: { description: "Identifier of the Pod's sandbox container.", ...TEXT },
    IfName: {
      description:
        "CNI_IFNAME of the attachment it belongs to, the name of its first interface. Absent in records of " +
        "versions that attached a container once.",
      type: "string",
      maxLength: 15,
    },
    ConfigName: {
      description:
        "Name of the CNI configuration of the attachment it belongs to, shortened when it is longer than 80 " +
        "characters. Absent where IfName is.",
      type: "string",
      maxLength: 80,
    },
    netns: { description: "Path of the Pod's network namespace on the node.", type: "string", maxLength: 4096 },
    Interface: interfaceSchema,
  },
} as const satisfies Schema;

/** The record's body; a field that does not apply is empty. */
export type DanmEpSpec = FromSchema<typeof danmEpSpecSchema>;

/** The interface part of a record. */
export type DanmEpInterface = DanmEpSpec["Interface"];

export type DanmEp = KubeObject<"DanmEp", { readonly spec: DanmEpSpec }>;
