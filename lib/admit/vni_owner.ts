/** Who holds a VLAN or VXLAN number. */

import type { ApiGroup } from "../api/resource.ts";

/** Key of the annotation that names the owner of a network's number. */
export function vniOwnerAnnotation(group: ApiGroup): string {
  return `${group}/vni-owner`;
}

/**
 * Who took a number: one admission request. `tenant`: for the TenantNetwork it makes, which carries the owner as an
 * annotation. `named`: for any other network, which names its number itself; such a reservation only keeps TenantNetworks
 * away until the network is there for all to see.
 */
export interface VniOwner {
  readonly purpose: "tenant" | "named";
  /** UID of the admission request. */
  readonly request: string;
  /** When, in seconds since 1970: a network that is not there long after this was refused. */
  readonly takenAt: number;
}

/** Writes an owner as it is stored in an AddressBlock. It can never be read as the owner of an address. */
export function formatVniOwner({ purpose, request, takenAt }: VniOwner): string {
  return `vni:${purpose}:${request}:${takenAt}`;
}

/** Reads what {@link formatVniOwner} wrote; undefined for anything else. */
export function parseVniOwner(text: string): VniOwner | undefined {
  const match = /^vni:(tenant|named):([^:/]+):(0|[1-9][0-9]{0,11})$/.exec(text);
  if (!match) return undefined;
  return { purpose: match[1] as VniOwner["purpose"], request: match[2]!, takenAt: Number(match[3]) };
}
