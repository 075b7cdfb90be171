/** Rules on what must not change, or go, under attached Pods. */

import type { DanmEp } from "../api/danm_ep.ts";
import { networkOptions } from "../api/network.ts";
import type { Family } from "../net/address.ts";
import { parseAddress } from "../net/address.ts";
import { contains, parseSubnet } from "../net/subnet.ts";
import { type NetworkReview, RESOURCE_FIELDS } from "./network_review.ts";
import type { Objection, Rule } from "./rule.ts";

/** Rule 14. */
export const unchangedUnderPods: Rule<NetworkReview> = {
  id: "14",
  demands:
    "while Pods are attached, `host_device`, `vlan` and `vxlan` stay as they are, and `cidr` and `net6` keep the " +
    "addresses of those Pods",
  judge({ network, before, attached }) {
    if (before === undefined || attached.length === 0) return undefined;
    const [now, then] = [networkOptions(network), networkOptions(before)];
    for (const field of ["host_device", "vlan", "vxlan"] as const) {
      if (now[field] === then[field]) continue;
      const must = `${then[field] === undefined ? "stay absent" : `stay ${then[field]}`} while ${
        attachedPods(attached)
      }`;
      return { field: `spec.Options.${field}`, value: now[field], must };
    }
    return orphans("cidr", now.cidr, then.cidr, attached) ?? orphans("net6", now.net6, then.net6, attached);
  },
};

/** Rule 15. */
export const undeletedUnderPods: Rule<NetworkReview> = {
  id: "15",
  demands: "no deletion while Pods are attached, the network `default` included",
  judge({ operation, network, attached }) {
    if (operation !== "DELETE" || attached.length === 0) return undefined;
    return { field: "metadata.name", value: network.metadata.name, must: `stay while ${attachedPods(attached)}` };
  },
};

/** Rule T2. */
export const unchangedInTenantNetworks: Rule<NetworkReview> = {
  id: "T2",
  demands: "`host_device`, `device_pool`, `vlan` and `vxlan` never change, but for the number that the webhook gives",
  judge({ network, before, isNumberItsOwn }) {
    if (before === undefined) return undefined;
    const [now, then] = [networkOptions(network), networkOptions(before)];
    const isGiven = (field: keyof typeof now) => isNumberItsOwn && then[field] === undefined;
    const field = RESOURCE_FIELDS.find((field) => now[field] !== then[field] && !isGiven(field));
    if (field === undefined) return undefined;
    const must = `${
      then[field] === undefined ? "stay absent" : `stay ${then[field]}`
    }: delete the network and create it anew`;
    return { field: `spec.Options.${field}`, value: now[field], must };
  },
};

const ADDRESS_FIELDS = { cidr: ["Address", 4], net6: ["AddressIPv6", 6] } as const;

function orphans(
  field: "cidr" | "net6",
  now: string | undefined,
  then: string | undefined,
  attached: readonly DanmEp[],
): Objection | undefined {
  if (now === then) return undefined;
  const [key, family] = ADDRESS_FIELDS[field];
  const orphan = attached.find(({ spec }) => isOrphan(spec.Interface[key], now, family));
  if (orphan === undefined) return undefined;
  const must = `hold the address ${orphan.spec.Interface[key]} of Pod ${podOf(orphan)}`;
  return { field: `spec.Options.${field}`, value: now, must };
}

/** Whether `address`, with its prefix length or `none`, is one that `subnet` does not hold. */
function isOrphan(address: string, subnet: string | undefined, family: Family): boolean {
  const parsed = parseAddress(address.split("/")[0] ?? "");
  if (parsed?.family !== family) return false;
  const within = subnet === undefined ? undefined : parseSubnet(subnet);
  return !within || !contains(within, parsed);
}

function attachedPods(attached: readonly DanmEp[]): string {
  const [first] = attached;
  const others = attached.length > 1 ? " and others" : "";
  return first === undefined ? "Pods are attached" : `Pod ${podOf(first)}${others} is attached`;
}

function podOf({ metadata, spec }: DanmEp): string {
  return `${metadata.namespace}/${spec.Pod}`;
}
