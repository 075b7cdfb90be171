/** What is wrong with a network that is there already: it may be older than the webhook, or than the TenantConfig. */

import type { Network } from "../api/network.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { NETWORK_RULES } from "./network_rules.ts";
import { type NetworkReview, segmentOf } from "./network_review.ts";
import { describeObjection, firstObjection } from "./rule.ts";
import { offers } from "./tenant_config_rules.ts";
import { numberIsGiven, waitIsWritten } from "./tenant_rules.ts";

/** Rules on how a network is made, not on what it is. */
const ABOUT_REQUESTS: readonly string[] = [numberIsGiven.id, waitIsWritten.id];

/**
 * Why a network that were made now as it is would be refused; undefined when it would not. Ends a sentence that begins
 * with the network.
 *
 * @param config the TenantConfig in force
 */
export function storedObjection(network: Network, config: TenantConfig | undefined): string | undefined {
  const review: NetworkReview = {
    operation: "CREATE",
    network,
    waitKey: "",
    restoring: true, // bookkeeping of the original system is no fault
    imported: false,
    attached: [],
    config,
    isNumberItsOwn: true,
  };
  const rules = NETWORK_RULES[network.kind].filter(({ id }) => !ABOUT_REQUESTS.includes(id));
  const found = firstObjection(rules, review);
  if (found) return `breaks rule ${found.id}: ${describeObjection(found.objection)}`;
  const segment = network.kind === "TenantNetwork" ? segmentOf(network) : undefined;
  if (segment === undefined || config !== undefined && offers(config, segment)) return undefined;
  return `has ${segment.type} ${segment.vni} of ${segment.device}, which the TenantConfig offers to no tenant`;
}
