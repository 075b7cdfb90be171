/**
 * Who held a VLAN or VXLAN number before numbers were owned by the UID of the network: an admission request, which the
 * network named in an annotation.
 */

import { type ApiGroup } from "../api/resource.ts";

/** Key of the annotation that named the owner of a network's number. */
export function earlierOwnerAnnotation(group: ApiGroup): string {
  return `${group}/vni-owner`;
}

/** How long a replica of before may still be busy with the request that took a number, clocks that differ included. */
const GRACE_MS = 10 * 60_000;

/**
 * Whether `owner` is a request that may not have become a network yet: a replica of before may run beside one of now while
 * the webhook is upgraded.
 *
 * @param now in milliseconds since 1970
 */
export function mayBecomeNetwork(owner: string, now: number): boolean {
  const [, takenAt] = /^vni:(?:tenant|named):.*:([0-9]{1,12})$/.exec(owner) ?? [];
  return takenAt !== undefined && now - Number(takenAt) * 1000 < GRACE_MS;
}
