/** How a TenantNetwork says that it is to have a VLAN or VXLAN number and has none yet. */

import type { VniType } from "../net/vni.ts";
import type { ObjectMeta } from "./kube_object.ts";
import { API_GROUPS, type ApiGroup } from "./resource.ts";

/** The annotation that the webhook writes until the number is there; its value is a {@link VniType}. */
export function vniWaitAnnotation(group: ApiGroup): string {
  return `${group}/waits-for`;
}

/** What the network of `metadata` waits for; undefined when it does not wait. Under either group, as danm reads both. */
export function awaitedVni({ annotations }: ObjectMeta): VniType | undefined {
  const values = API_GROUPS.map((group) => annotations?.[vniWaitAnnotation(group)]);
  return values.find((value): value is VniType => value === "vlan" || value === "vxlan");
}
