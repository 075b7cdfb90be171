/** Rules on what tenants may say of physical resources. */

import { networkOptions } from "../api/network.ts";
import type { NetworkReview } from "./network_review.ts";
import { segmentOf } from "./network_review.ts";
import type { Rule } from "./rule.ts";
import { suitableProfiles } from "./tenant_profile.ts";

/** Rule T1. */
export const numberIsGiven: Rule<NetworkReview> = {
  id: "T1",
  demands: "`vlan` and `vxlan` are not given at creation: they come from the TenantConfig",
  judge({ operation, network, hasReservation }) {
    if (operation !== "CREATE" || hasReservation) return undefined;
    const options = networkOptions(network);
    const field = (["vlan", "vxlan"] as const).find((field) => options[field] !== undefined);
    if (field === undefined) return undefined;
    return { field: `spec.Options.${field}`, value: options[field], must: "be absent: it comes from the TenantConfig" };
  },
};

/** Rule T3. */
export const deviceIsAllowed: Rule<NetworkReview> = {
  id: "T3",
  demands: "`host_device` (sriov: `device_pool`, which must be named) is in the TenantConfig",
  judge({ operation, network, before, config }) {
    if (operation === "CREATE") {
      const choice = suitableProfiles(network, config);
      return "objection" in choice ? choice.objection : undefined;
    }
    if (before === undefined || network.spec.NetworkType === before.spec.NetworkType) return undefined;
    const options = networkOptions(network);
    const known = { hostDevices: [options.host_device, options.device_pool].flatMap((name) => name ? [{ name }] : []) };
    const choice = suitableProfiles(network, { ...EMPTY_CONFIG, ...known });
    if (!("objection" in choice)) return undefined;
    const must = `stay ${before.spec.NetworkType}: another backend needs another device, which is chosen at creation`;
    return { field: "spec.NetworkType", value: network.spec.NetworkType, must };
  },
};

const EMPTY_CONFIG = { apiVersion: "", kind: "TenantConfig", metadata: { name: "" } } as const;

/** Rule T4. */
export const ownerIsWritten: Rule<NetworkReview> = {
  id: "T4",
  demands: "the annotation that names the owner of `vlan` or `vxlan` is written by the webhook alone",
  judge({ operation, network, before, ownerKey, hasReservation }) {
    if (operation === "DELETE") return undefined;
    const [now, then] = [network.metadata.annotations?.[ownerKey], before?.metadata.annotations?.[ownerKey]];
    if (operation === "UPDATE" ? now === then : now === undefined || hasReservation) return undefined;
    const must = then === undefined ? "be absent: the webhook writes it" : `stay ${then}`;
    return { field: `metadata.annotations[${ownerKey}]`, value: now, must };
  },
};

/** Rule 16. */
export const numberIsNoTenants: Rule<NetworkReview> = {
  id: "16",
  demands: "`vlan` and `vxlan` are not ones that the TenantConfig gave to a TenantNetwork on the same device",
  judge({ network, tenantHolder }) {
    const segment = segmentOf(network);
    if (segment === undefined || tenantHolder === undefined) return undefined;
    const must = `be another number: on ${segment.device} it belongs to ${tenantHolder}`;
    return { field: `spec.Options.${segment.type}`, value: segment.vni, must };
  },
};
