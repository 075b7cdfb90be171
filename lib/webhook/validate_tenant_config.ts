/** Judges TenantConfigs that are created, changed or deleted. */

import type { TenantConfig } from "../api/tenant_config.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { deviceOf, segmentOf } from "../admit/network_review.ts";
import { describeObjection, firstObjection } from "../admit/rule.ts";
import {
  type AwaitedSegment,
  type TenantConfigReview,
  tenantConfigRulesFor,
  type UsedSegment,
} from "../admit/tenant_config_rules.ts";
import { configInForce } from "../admit/tenant_profile.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { type AdmissionRequest, denied, type Verdict } from "./admission_review.ts";
import type { Surroundings } from "./surroundings.ts";

const VERBS = { CREATE: "create", UPDATE: "change", DELETE: "delete" } as const;

/** The verdict on a request about a TenantConfig that complies with its schema. */
export async function validateTenantConfig(
  surroundings: Surroundings,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Verdict> {
  const { operation, object, oldObject } = request;
  const config = (operation === "DELETE" ? oldObject : object) as TenantConfig;
  const [configs, networks] = await Promise.all([
    surroundings.tenantConfigs(signal),
    operation === "CREATE" ? [] : surroundings.latestNetworks(signal),
  ]);
  const tenants = networks.filter(({ kind }) => kind === "TenantNetwork");
  const others = configs.filter(({ metadata }) => metadata.name !== config.metadata.name);
  const review: TenantConfigReview = {
    operation,
    config,
    ...(operation === "UPDATE" && { before: oldObject as TenantConfig }),
    others,
    used: tenants.flatMap((network): UsedSegment[] => {
      const segment = segmentOf(network);
      return segment ? [{ ...segment, user: describeNetwork(network) }] : [];
    }),
    awaited: tenants.flatMap((network): AwaitedSegment[] => {
      const [device, type] = [deviceOf(network), awaitedVni(network.metadata)];
      const waits = device !== undefined && type !== undefined && segmentOf(network) === undefined;
      return waits ? [{ device, type, user: describeNetwork(network) }] : [];
    }),
  };
  const found = firstObjection(tenantConfigRulesFor(review), review);
  if (found) {
    const what = `${VERBS[operation]} TenantConfig ${config.metadata.name}`;
    return denied(`Cannot ${what}: ${describeObjection(found.objection)} (rule ${found.id})`);
  }
  return { allowed: true, warnings: operation === "DELETE" ? [] : otherWarnings(config, others) };
}

function otherWarnings(config: TenantConfig, others: readonly TenantConfig[]): string[] {
  if (others.length === 0) return [];
  const inForce = configInForce([...others, config]);
  return [`there are ${others.length + 1} TenantConfigs, of which the oldest counts: ${inForce?.metadata.name}`];
}
