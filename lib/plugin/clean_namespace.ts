/** Removes what an interface is made of from a namespace that may be gone, and in which some of it may be missing. */

import { configureNamespace, type IpStep } from "../link/configure_namespace.ts";
import { ipBatch } from "../link/ip_batch.ts";
import { IpError } from "../link/ip_error.ts";
import { deleteLink } from "../link/link_commands.ts";
import { NamespaceMissingError } from "../link/namespace_missing_error.ts";
import { readNamespace } from "../link/read_namespace.ts";
import { deleteRule, type Rule, sameRule } from "../link/rule.ts";
import type { Address } from "../net/address.ts";

/** Deletes those of the links that exist in the namespace at `netns`; without a path there is nothing to delete. */
export async function deleteLinks(netns: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  if (netns === "") return;
  for (const name of names) {
    await unlessMissing(ipBatch([deleteLink(name)], netns, signal));
  }
}

/** Deletes those of the policy rules that exist: they are bound to no link, so they do not go with one. */
export async function deleteRules(netns: string, rules: readonly Rule[], signal: AbortSignal): Promise<void> {
  if (netns === "" || rules.length === 0) return;
  await unlessMissing(configureNamespace(netns, rules.map(ensureNoRule), signal));
}

/** Deletes every policy rule for one of `sources`, for who does not know the tables. */
export async function deleteRulesFrom(netns: string, sources: readonly Address[], signal: AbortSignal): Promise<void> {
  if (netns === "" || sources.length === 0) return;
  const state = await unlessMissing(readNamespace(netns, signal));
  const isMeant = ({ from }: Rule) =>
    sources.some(({ family, value }) => family === from.family && value === from.value);
  await deleteRules(netns, state?.rules.filter(isMeant) ?? [], signal);
}

function ensureNoRule(rule: Rule): IpStep {
  return { ip: deleteRule(rule), satisfiedBy: ({ rules }) => !rules.some((present) => sameRule(present, rule)) };
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const isMissing = error instanceof NamespaceMissingError ||
      (error instanceof IpError && error.reason === "missing");
    if (isMissing) return undefined;
    throw error;
  }
}
