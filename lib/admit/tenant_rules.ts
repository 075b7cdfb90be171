/** Rules on what tenants may say of physical resources. */

import { type Network, networkOptions } from "../api/network.ts";
import { DYNAMIC_BACKENDS, isDynamicBackend, networkType } from "../api/network_type.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { changesBackend, mappedId } from "./mapped_id.ts";
import { deviceOf, type NetworkReview, segmentOf } from "./network_review.ts";
import type { Rule } from "./rule.ts";
import { suitableProfiles } from "./tenant_profile.ts";

/** Rule T1. */
export const numberIsGiven: Rule<NetworkReview> = {
  id: "T1",
  demands: "`vlan` and `vxlan` are not given at creation: they come from the TenantConfig",
  judge({ operation, network, isNumberItsOwn }) {
    if (operation !== "CREATE" || isNumberItsOwn) return undefined;
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
export const waitIsWritten: Rule<NetworkReview> = {
  id: "T4",
  demands: "the annotation by which a network waits for its `vlan` or `vxlan` is written by the webhook alone",
  judge({ operation, network, before, waitKey, config, isNumberItsOwn }) {
    if (operation === "DELETE") return undefined;
    const [now, then] = [network.metadata.annotations?.[waitKey], before?.metadata.annotations?.[waitKey]];
    const field = `metadata.annotations[${waitKey}]`;
    if (operation === "UPDATE") {
      if (now === then || now === undefined && isNumberItsOwn) return undefined;
      return { field, value: now, must: then === undefined ? "be absent: the webhook writes it" : `stay ${then}` };
    }
    const fitting = awaitable(network, config);
    if (fitting.some((type) => type === now)) return undefined;
    const must = fitting[0] === undefined ? "be absent: the webhook writes it" : `be ${fitting[0]}`;
    return { field, value: now, must };
  },
};

/** What a network that is made may wait for: what the profiles of its device have; nothing when it has its number. */
function awaitable(network: Network, config: TenantConfig | undefined): readonly (string | undefined)[] {
  const choice = segmentOf(network) ? undefined : suitableProfiles(network, config);
  const profiles = choice !== undefined && "profiles" in choice ? choice.profiles : [];
  const own = profiles.filter(({ name }) => name === deviceOf(network));
  return own.length === 0 ? [undefined] : own.map(({ vniType }) => vniType);
}

/** Rule T5. */
export const typeIsMapped: Rule<NetworkReview> = {
  id: "T5",
  demands:
    "a `NetworkType` whose configuration is a file has an entry in the TenantConfig's `networkIds`; where a type " +
    "has an entry, `NetworkID` is what it says",
  judge({ operation, network, before, config }) {
    if (operation === "DELETE" || before && !changesBackend(network, before)) return undefined;
    if (isDynamicBackend(networkType(network))) return undefined;
    const id = mappedId(network, config);
    const { NetworkID, NetworkType } = network.spec;
    if (id !== undefined) {
      const must = `be ${id}, as networkIds of the TenantConfig says`;
      return NetworkID === id ? undefined : { field: "spec.NetworkID", value: NetworkID, must };
    }
    const allowed = [...DYNAMIC_BACKENDS, ...Object.keys(config?.networkIds ?? {})].join(", ");
    const must = `be one of ${allowed}: networkIds of the TenantConfig has no other`;
    return { field: "spec.NetworkType", value: NetworkType, must };
  },
};

/** Rule 16. */
export const numberIsNoTenants: Rule<NetworkReview> = {
  id: "16",
  demands:
    "`vlan` and `vxlan` are not ones that the TenantConfig gave to a TenantNetwork: on the same device for `vlan`, " +
    "on any for `vxlan`",
  judge({ network, tenantHolder }) {
    const segment = segmentOf(network);
    if (segment === undefined || tenantHolder === undefined) return undefined;
    const where = segment.type === "vlan" ? `on ${segment.device} it` : "it";
    const must = `be another number: ${where} belongs to ${tenantHolder}`;
    return { field: `spec.Options.${segment.type}`, value: segment.vni, must };
  },
};

/** Rule 20. */
export const vxlanHasOneDevice: Rule<NetworkReview> = {
  id: "20",
  demands: "`vxlan` is none that a network on another device has: a node can have each number once",
  judge({ network, otherDeviceHolder }) {
    const segment = segmentOf(network);
    if (segment?.type !== "vxlan" || otherDeviceHolder === undefined) return undefined;
    const must = `be another number, or be on the same device: ${otherDeviceHolder} has it`;
    return { field: "spec.Options.vxlan", value: segment.vni, must };
  },
};
