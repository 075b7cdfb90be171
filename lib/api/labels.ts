/** Labels that DANM writes on its own objects, so that its components find them. */

import type { ApiGroup } from "./resource.ts";

/**
 * The label keys of `group`. A node's name and a container ID can be longer than a label value may be: select those by
 * field (`spec.Host`, `spec.CID` of a DanmEp).
 */
export function labelKeys(group: ApiGroup) {
  return {
    /** On DanmEps and AddressBlocks: UID of the network. */
    networkUid: `${group}/network-uid`,
    /** On DanmEps: UID of the Pod. */
    podUid: `${group}/pod-uid`,
    /** On AddressBlocks: IPv4 or IPv6. */
    family: `${group}/family`,
    /** On AddressBlocks without a free number: which pool they are full for. */
    full: `${group}/full`,
  } as const;
}

/** The annotation on a TenantConfig that says what of its VLAN and VXLAN numbers is in use. */
export function vniUsageAnnotation(group: ApiGroup): string {
  return `${group}/vnis-in-use`;
}

/** The annotation on a DanmEp that says what its Pod calls its ports. */
export function portsAnnotation(group: ApiGroup): string {
  return `${group}/ports`;
}
