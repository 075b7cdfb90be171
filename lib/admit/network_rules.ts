/** All rules on networks, in the order in which they are applied. */

import type { NetworkKind } from "../api/network.ts";
import { unchangedInTenantNetworks, unchangedUnderPods, undeletedUnderPods } from "./change_rules.ts";
import { deviceOfBackend, networkIdLength, oneSegment, tenantsOfClusterNetworks } from "./device_rules.ts";
import type { NetworkReview } from "./network_review.ts";
import { OPTION_RULES } from "./option_rules.ts";
import type { Rule } from "./rule.ts";
import { SUBNET_RULES } from "./subnet_rules.ts";
import {
  deviceIsAllowed,
  numberIsGiven,
  numberIsNoTenants,
  typeIsMapped,
  vxlanHasOneDevice,
  waitIsWritten,
} from "./tenant_rules.ts";

/** What each kind must comply with; the numbers are those of the original system's guide, as far as it has them. */
export const NETWORK_RULES: Readonly<Record<NetworkKind, readonly Rule<NetworkReview>[]>> = {
  DanmNet: [
    ...SUBNET_RULES,
    oneSegment,
    networkIdLength,
    tenantsOfClusterNetworks,
    deviceOfBackend,
    unchangedUnderPods,
    numberIsNoTenants,
    ...OPTION_RULES,
    vxlanHasOneDevice,
  ],
  TenantNetwork: [
    ...SUBNET_RULES,
    numberIsGiven,
    unchangedInTenantNetworks,
    deviceIsAllowed,
    waitIsWritten,
    typeIsMapped,
    networkIdLength,
    tenantsOfClusterNetworks,
    unchangedUnderPods,
    ...OPTION_RULES,
  ],
  ClusterNetwork: [
    ...SUBNET_RULES,
    oneSegment,
    networkIdLength,
    deviceOfBackend,
    unchangedUnderPods,
    numberIsNoTenants,
    ...OPTION_RULES,
    vxlanHasOneDevice,
  ],
};

/** What every kind must comply with to be deleted. */
export const DELETION_RULES: readonly Rule<NetworkReview>[] = [undeletedUnderPods];

/** The rules that `review` is judged by. */
export function rulesFor({ operation, network }: NetworkReview): readonly Rule<NetworkReview>[] {
  return operation === "DELETE" ? DELETION_RULES : NETWORK_RULES[network.kind];
}
