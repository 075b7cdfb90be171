/** Takes back host links, but never one that something is on. */

import { addGuard } from "../../link/guard_link.ts";
import { ipBatchAll } from "../../link/ip_batch_all.ts";
import { deleteLink } from "../../link/link_commands.ts";
import type { SeenLink } from "../../reconcile/host_links.ts";

/** A link that was not removed. */
export interface KeptLink {
  readonly link: SeenLink;
  readonly why: string;
}

/**
 * Whether `link` is a guard that an interrupted `removeUnusedLinks()` left: it stands in the way of whoever needs its
 * parent.
 */
export function isGuard({ kind, group }: SeenLink, ownGroup: number): boolean {
  return kind === "macvlan" && group === ownGroup;
}

/** Removes guards. */
export async function removeGuards(guards: readonly SeenLink[], signal: AbortSignal): Promise<void> {
  await deleteAll(guards, signal);
}

/**
 * Removes those of `links` that nothing uses; resolves to the others. Who uses a link is not asked: interfaces of Pods are
 * in namespaces that nobody here knows all of. The kernel is, by a guard on each link, so that none can come to be used
 * between the question and the removal.
 */
export async function removeUnusedLinks(
  links: readonly SeenLink[],
  group: number,
  signal: AbortSignal,
): Promise<KeptLink[]> {
  const guards = links.map(({ name, index }) => addGuard({ parent: name, name: `dmg${index}`, group }));
  const refusals = await ipBatchAll(guards, undefined, signal);
  const refused = new Map(refusals.map((refusal) => [links[refusal.index], refusal]));
  await deleteAll(links.filter((link) => !refused.has(link)), signal);
  return links.flatMap((link) => {
    const refusal = refused.get(link);
    if (refusal === undefined || refusal.reason === "missing") return [];
    const isUsed = refusal.reason === "busy" || refusal.reason === "other"; // a macvlan on it is an invalid argument
    return [{
      link,
      why: isUsed ? "interfaces of Pods are on it" : `cannot tell whether it is used: ${refusal.detail}`,
    }];
  });
}

async function deleteAll(links: readonly SeenLink[], signal: AbortSignal): Promise<void> {
  const failures = await ipBatchAll(links.map(({ name }) => deleteLink(name)), undefined, signal);
  const failure = failures.find(({ reason }) => reason !== "missing");
  if (failure !== undefined) throw failure;
}
