/** One look at the node: what links there are, what there should be, and what it takes. */

import type { EventSubject } from "../../kube/events/event_object.ts";
import type { IpError } from "../../link/ip_error.ts";
import { readLinks } from "../../link/read_links.ts";
import { hostLinkGroup, hostLinkText } from "../../reconcile/host_link.ts";
import { type HostLinkPlan, type LinkChange, planHostLinks, type SeenLink } from "../../reconcile/host_links.ts";
import type { LinkSource } from "../../reconcile/link_source.ts";
import type { Clock } from "../clock.ts";
import type { Daemon } from "../daemon.ts";
import { applyLinkChanges } from "./apply_link_changes.ts";
import type { FailureReason, LinkMeters } from "./link_meters.ts";
import { failureNotices, invalidNotices, keptNotices, type LinkFailure } from "./link_notices.ts";
import { isGuard, type KeptLink, removeGuards, removeUnusedLinks } from "./remove_unused_links.ts";
import { rewriteDefinitions } from "./rewrite_definitions.ts";
import { createTeller } from "../teller.ts";
import type { Outcome } from "../work_queue.ts";
import { createTurns } from "./turns.ts";

/** Within this time one of the nodes rewrites a new definition, and all others see that it did. */
const REWRITE_SPREAD_MS = 5000;

/** What a pass needs. */
export interface HostLinkContext {
  readonly daemon: Pick<Daemon, "apiGroup" | "kube" | "log" | "events">;
  readonly nodeName: string;
  readonly meters: LinkMeters;
  readonly clock: Clock;
  /** All that asks for links, as of now. */
  sources(): readonly LinkSource[];
}

/**
 * Returns what brings the node's links in line with `sources()`, as often as it is called.
 *
 * It rejects when something failed that another try may mend. What only others can mend (an interface that is missing) is
 * told by Events and does not count.
 */
export function createHostLinkReconciler(context: HostLinkContext): (signal: AbortSignal) => Promise<Outcome> {
  const { daemon: { apiGroup, kube, log, events }, nodeName, meters, clock, sources } = context;
  const group = hostLinkGroup(apiGroup);
  const tell = createTeller({ events, log }, clock);
  const takeTurns = createTurns(REWRITE_SPREAD_MS, clock);
  const node: EventSubject = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } };
  /** Who asked for a link, by its name, for when nobody does any more. */
  let askers = new Map<string, readonly EventSubject[]>();

  return async (signal) => {
    const asking = sources();
    const { plan, kept } = await removeSurplus(asking, group, signal);
    const refusals = await applyLinkChanges(plan.changes, group, signal);
    logChanges(log, plan.changes.filter((change) => !refusals.has(change)));
    const failures = [...plan.problems, ...[...refusals].map(toFailure)];

    const named = plan.wanted.filter((link) => link.name !== undefined);
    const keptFor = kept.map((each) => ({ each, subjects: askers.get(each.link.name) ?? [node] }));
    tell([
      ...asking.flatMap(invalidNotices),
      ...failures.flatMap((failure) => failureNotices(nodeName, failure)),
      ...keptFor.flatMap(({ each, subjects }) => keptNotices(nodeName, each, subjects)),
    ]);
    askers = new Map([
      ...named.map(({ name, sources }) => [name!, sources] as const),
      ...keptFor.map(({ each, subjects }) => [each.link.name, subjects] as const),
    ]);
    meters.tally({ desired: plan.wanted.length, kept: kept.length, failures: reasonsOf(failures) });

    const outcome = await rewriteSome(rewritable(asking, failures), signal);
    const [refusal] = refusals.values();
    if (refusal !== undefined) throw refusal;
    return outcome;
  };

  /** Those whose turn it is, unless another node has been at work meanwhile. */
  async function rewriteSome(definitions: readonly LinkSource[], signal: AbortSignal): Promise<Outcome> {
    const latest = new Set(sources());
    const left = definitions.filter((definition) => latest.has(definition));
    const { due, nextInMs } = takeTurns(left.map(versionOf));
    await rewriteDefinitions(kube, left.filter((definition) => due.has(versionOf(definition))), signal);
    return nextInMs === undefined ? {} : { againAfterMs: nextInMs };
  }

  /** Removes what nobody asks for, and plans on what there is then: numbers and names may have become free. */
  async function removeSurplus(
    asking: readonly LinkSource[],
    group: number,
    signal: AbortSignal,
  ): Promise<{ plan: HostLinkPlan; kept: KeptLink[] }> {
    const all: SeenLink[] = await readLinks(undefined, undefined, signal);
    const guards = all.filter((link) => isGuard(link, group));
    await removeGuards(guards, signal);
    const links = all.filter((link) => !guards.includes(link));
    const plan = planHostLinks(asking, links, group);
    const carrying = plan.keep.map(({ link, usedBy }) => ({ link, why: `${usedBy} is on it` }));
    if (plan.remove.length === 0) return { plan, kept: carrying };
    const used = await removeUnusedLinks(plan.remove, group, signal);
    const removed = plan.remove.filter((link) => !used.some((kept) => kept.link === link));
    for (const { name } of removed) log.write("info", "removed host link", { name });
    const left = links.filter((link) => !removed.includes(link));
    return { plan: planHostLinks(asking, left, group), kept: [...carrying, ...used] };
  }
}

function logChanges(log: Daemon["log"], changes: readonly LinkChange[]): void {
  for (const { device, type, vni, name, make, setMtu: mtu } of changes) {
    log.write("info", make ? "made host link" : "put host link in order", { device, type, vni, name, mtu });
  }
}

/** A number that is taken by a link that is not to be seen is that of one in another namespace. */
function toFailure(
  [{ device, type, vni, sources, make }, { reason, detail }]: readonly [LinkChange, IpError],
): LinkFailure {
  const link = { device, type, vni, sources };
  if (!make || reason !== "exists") {
    const why = reason === "unsupported" ? `the kernel of this node has no ${type} (${detail})` : detail;
    return { ...link, reason: "Refused", note: `cannot be made or put in order: ${why}` };
  }
  const note = `cannot be made: a link that was moved to another network namespace has that number (${detail})`;
  return { ...link, reason: "VniTaken", note };
}

/** One reason for each link that failed. */
function reasonsOf(failures: readonly LinkFailure[]): FailureReason[] {
  return [...new Map(failures.map((failure) => [hostLinkText(failure), failure.reason])).values()];
}

/** Names a version of an object. */
function versionOf({ metadata: { uid, resourceVersion } }: LinkSource): string {
  return `${uid}/${resourceVersion}`;
}

/** Those whose links are all there: a configuration must not point to what no node has. */
function rewritable(asking: readonly LinkSource[], failures: readonly LinkFailure[]): LinkSource[] {
  const failed = new Set(failures.flatMap(({ sources }) => sources));
  return asking.filter((source) => source.rewritten !== undefined && !failed.has(source));
}
