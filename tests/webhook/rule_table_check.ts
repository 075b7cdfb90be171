/** The whole table of rules, through a real API server: what each accepts and what it refuses. */

import { assert, assertMatch } from "@std/assert";
import fixtures from "../../lib/admit/testdata/networks.json" with { type: "json" };
import tenantConfigs from "../../lib/admit/testdata/tenant_configs.json" with { type: "json" };
import { configFor } from "../../lib/admit/testdata/config_for.ts";
import { NETWORK_KINDS, type NetworkKind, type NetworkSpec } from "../../lib/api/network.ts";
import type { ApiGroup } from "../../lib/api/resource.ts";
import type { TenantConfigBody } from "../../lib/api/tenant_config.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { complaint, create, network, putTenantConfig } from "./webhook_cluster.ts";

interface NetworkFixture {
  readonly rule: string;
  readonly kinds?: readonly NetworkKind[];
  readonly refuses?: string;
  readonly config?: TenantConfigBody;
  readonly spec: NetworkSpec;
}

/** What makes a fixture more than a creation by somebody who has no special rights. */
const BEYOND_CREATION = [
  "before",
  "operation",
  "tenantHolder",
  "otherDeviceHolder",
  "waits",
  "restoring",
  "imported",
  "isNumberItsOwn",
  "attached",
];

const creations = (fixtures as unknown as readonly NetworkFixture[])
  .filter((fixture) => !BEYOND_CREATION.some((key) => key in fixture));

/** For TenantNetworks of fixtures that care for their device and have none. */
const NO_DEVICE: TenantConfigBody = { networkIds: { other: "other" } };

const REFUSED = /\((403 Forbidden|422 Invalid)\)$/;

/**
 * Tries all that can be created, in a dry run; TenantConfigs really, as networks depend on them.
 *
 * @param config name of the TenantConfig in force, which is overwritten
 */
export async function checkRuleTable(cluster: Cluster, group: ApiGroup, config: string): Promise<void> {
  using admin = cluster.client();
  const namespace = await cluster.createNamespace();
  const tried = { accepted: 0, refused: 0 };
  for (const { rule, kinds = NETWORK_KINDS, spec, refuses, config: body } of creations) {
    for (const kind of kinds) {
      const devices = body ?? (rule.startsWith("T") ? NO_DEVICE : configFor(spec));
      if (kind === "TenantNetwork") await putTenantConfig(admin, config, devices, group);
      const name = kind === "ClusterNetwork" ? `n-${namespace}` : "n";
      const creation = create(admin, network(kind, namespace, name, spec, group), { dryRun: true });
      if (refuses === undefined) await creation;
      else assertMatch(await complaint(creation).catch(String), REFUSED, `${kind} with ${refuses}`);
      tried[refuses === undefined ? "accepted" : "refused"]++;
    }
  }
  const configs = tenantConfigs as unknown as readonly {
    refuses?: string;
    used?: unknown;
    awaited?: unknown;
    config: TenantConfigBody;
  }[];
  for (const { refuses, config: body } of configs.filter(({ used, awaited }) => !used && !awaited)) {
    const change = putTenantConfig(admin, config, body, group);
    if (refuses === undefined) await change;
    else assertMatch(await complaint(change).catch(String), REFUSED, refuses);
  }
  assert(tried.accepted > 30 && tried.refused > 60, JSON.stringify(tried));
}
