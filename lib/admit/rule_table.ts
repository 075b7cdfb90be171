/** The rules as a table for the documentation. */

import { NETWORK_KINDS } from "../api/network.ts";
import { DELETION_RULES, NETWORK_RULES } from "./network_rules.ts";
import type { Rule } from "./rule.ts";
import { TENANT_CONFIG_RULES } from "./tenant_config_rules.ts";

/** All rules in Markdown: which kinds they are for, and what they demand. */
export function ruleTable(): string {
  const byId = new Map<string, { readonly demands: string; readonly kinds: string[] }>();
  const add = (kind: string, rules: readonly Pick<Rule<never>, "id" | "demands">[]) => {
    for (const { id, demands } of rules) {
      const row = byId.get(id) ?? { demands, kinds: [] };
      byId.set(id, { ...row, kinds: [...row.kinds, kind] });
    }
  };
  for (const kind of NETWORK_KINDS) add(kind, [...NETWORK_RULES[kind], ...DELETION_RULES]);
  add("TenantConfig", TENANT_CONFIG_RULES);
  const rows = [...byId].map(([id, { demands, kinds }]) => {
    const whom = kinds.length === NETWORK_KINDS.length ? "all networks" : kinds.join(", ");
    return `| ${id} | ${whom} | ${demands} |`;
  });
  return ["| rule | for | demands |", "|---|---|---|", ...rows].join("\n");
}
