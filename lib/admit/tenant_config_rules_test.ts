import { assertEquals } from "@std/assert";
import type { TenantConfig, TenantConfigBody } from "../api/tenant_config.ts";
import { describeObjection, firstObjection } from "./rule.ts";
import { TENANT_CONFIG_RULES, type TenantConfigReview, tenantConfigRulesFor } from "./tenant_config_rules.ts";
import fixtures from "./testdata/tenant_configs.json" with { type: "json" };

/** One TenantConfig, and what the rules are to say of it. */
interface Fixture {
  readonly rule: string;
  readonly accepts?: string;
  readonly refuses?: string;
  readonly because?: string;
  readonly operation?: "DELETE";
  readonly config: TenantConfigBody;
  readonly before?: TenantConfigBody;
  readonly others?: readonly TenantConfigBody[];
  /** VLANs on ens4. */
  readonly used?: readonly number[];
  /** Whether a network waits for one. */
  readonly awaited?: boolean;
}

const FIXTURES = fixtures as unknown as readonly Fixture[];

function tenantConfig(body: TenantConfigBody): TenantConfig {
  return { apiVersion: "danm.k8s.io/v1", kind: "TenantConfig", metadata: { name: "config" }, ...body };
}

function review({ operation, config, before, others = [], used = [], awaited = false }: Fixture): TenantConfigReview {
  return {
    operation: operation ?? (before ? "UPDATE" : "CREATE"),
    config: tenantConfig(config),
    ...(before && { before: tenantConfig(before) }),
    others: others.map(tenantConfig),
    used: used.map((vni) => ({ device: "ens4", type: "vlan", vni, user: "TenantNetwork ns/net" })),
    awaited: awaited ? [{ device: "ens4", type: "vlan", user: "TenantNetwork ns/net" }] : [],
  };
}

for (const fixture of FIXTURES) {
  const { rule, accepts, refuses, because } = fixture;
  Deno.test(`tenantConfigRulesFor() ${accepts ? `accepts ${accepts}` : `refuses ${refuses}`}, by rule ${rule}`, () => {
    const given = review(fixture);
    const found = firstObjection(tenantConfigRulesFor(given), given);
    assertEquals(found && [found.id, describeObjection(found.objection)], because && [rule, because]);
  });
}

Deno.test("tenantConfigRulesFor() has a TenantConfig that it accepts and one that it refuses for every rule", () => {
  for (const { id } of TENANT_CONFIG_RULES) {
    const own = FIXTURES.filter(({ rule }) => rule === id);
    assertEquals([own.some(({ accepts }) => accepts), own.some(({ refuses }) => refuses)], [true, true], id);
  }
});
