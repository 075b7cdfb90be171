/** Rules on backends and the devices they use. */

import { networkOptions } from "../api/network.ts";
import { isDynamicBackend, networkType } from "../api/network_type.ts";
import { MAX_INTERFACE_NAME } from "../net/interface_name.ts";
import type { NetworkReview } from "./network_review.ts";
import type { Objection, Rule } from "./rule.ts";

/** The longest NetworkID of a dynamic backend. */
export const MAX_DYNAMIC_NETWORK_ID = 11;

/** Rule 10. */
export const oneSegment: Rule<NetworkReview> = {
  id: "10",
  demands: "`vlan` and `vxlan` exclude each other",
  judge({ network }) {
    const { vlan, vxlan } = networkOptions(network);
    if (vlan === undefined || vxlan === undefined) return undefined;
    return { field: "spec.Options.vxlan", value: vxlan, must: `be absent when vlan is set, which is ${vlan}` };
  },
};

/** Rule 11. */
export const networkIdLength: Rule<NetworkReview> = {
  id: "11",
  demands:
    `\`NetworkID\` has at most ${MAX_DYNAMIC_NETWORK_ID} characters for ipvlan, macvlan and sriov; is there with ` +
    "`vlan` and `vxlan`; and the link names `<NetworkID>.<vlan>` and `vx_<NetworkID>` have at most 15 characters",
  judge(review) {
    const { network } = review;
    const { NetworkID: id } = network.spec;
    const { vlan, vxlan, host_device } = networkOptions(network);
    const type = networkType(network);
    if (!id) {
      const vni = vlan === undefined ? "vxlan" : "vlan";
      return vlan === undefined && vxlan === undefined ? undefined : objection(review, `be set when ${vni} is`);
    }
    if (isDynamicBackend(type) && id.length > MAX_DYNAMIC_NETWORK_ID) {
      return objection(review, `have at most ${MAX_DYNAMIC_NETWORK_ID} characters with ${type}`);
    }
    if (host_device === undefined) return undefined;
    const link = vlan !== undefined ? `${id}.${vlan}` : vxlan !== undefined ? `vx_${id}` : "";
    if (link.length <= MAX_INTERFACE_NAME) return undefined;
    return objection(review, `be shorter: the link name ${link} has more than ${MAX_INTERFACE_NAME} characters`);
  },
};

function objection({ network }: NetworkReview, must: string): Objection {
  return { field: "spec.NetworkID", value: network.spec.NetworkID || undefined, must };
}

/** Rule 12. */
export const tenantsOfClusterNetworks: Rule<NetworkReview> = {
  id: "12",
  demands: "`AllowedTenants` is only for ClusterNetworks",
  judge({ network }) {
    const { AllowedTenants: value = [] } = network.spec;
    return value.length === 0
      ? undefined
      : { field: "spec.AllowedTenants", value, must: `be absent: a ${network.kind} belongs to its namespace` };
  },
};

/** Rule 13. */
export const deviceOfBackend: Rule<NetworkReview> = {
  id: "13",
  demands: "sriov has `device_pool` and no `host_device`; nothing has both",
  judge({ network }) {
    const { host_device, device_pool } = networkOptions(network);
    const isSriov = networkType(network) === "sriov";
    if (isSriov && device_pool === undefined) {
      return { field: "spec.Options.device_pool", value: undefined, must: "be set with sriov" };
    }
    if (host_device === undefined || device_pool === undefined) return undefined;
    const reason = isSriov ? "with sriov" : `when device_pool is set, which is ${device_pool}`;
    return { field: "spec.Options.host_device", value: host_device, must: `be absent ${reason}` };
  },
};
