/** Removes what an interface is made of from a namespace that may be gone, and in which some of it may be missing. */

import { deleteLink } from "../link/link_commands.ts";
import { NamespaceMissingError } from "../link/namespace_missing_error.ts";
import { readNamespace } from "../link/read_namespace.ts";
import { removeFromNamespace } from "../link/remove_from_namespace.ts";
import { deleteRule, type Rule } from "../link/rule.ts";
import type { Address } from "../net/address.ts";

/** What is to be removed. Rules are bound to no link, so they do not go with one. */
export interface Removal {
  readonly links: readonly string[];
  readonly rules: readonly Rule[];
}

/** Removes what there is of `removal` in the namespace at `netns`; without a path there is nothing to remove. */
export async function cleanNamespace(netns: string, { links, rules }: Removal, signal: AbortSignal): Promise<void> {
  if (netns === "") return;
  const commands = [...links.map(deleteLink), ...rules.map(deleteRule)];
  const [failure] = await unlessMissing(removeFromNamespace(netns, commands, signal)) ?? [];
  if (failure) throw failure;
}

/** Deletes every policy rule for one of `sources`, for who does not know the tables. */
export async function deleteRulesFrom(netns: string, sources: readonly Address[], signal: AbortSignal): Promise<void> {
  if (netns === "" || sources.length === 0) return;
  const state = await unlessMissing(readNamespace(netns, signal));
  const isMeant = ({ from }: Rule) =>
    sources.some(({ family, value }) => family === from.family && value === from.value);
  await cleanNamespace(netns, { links: [], rules: state?.rules.filter(isMeant) ?? [] }, signal);
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof NamespaceMissingError) return undefined;
    throw error;
  }
}
