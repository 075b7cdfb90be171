/** One look at the node: what links there are, what there should be, and what it takes. */

import { readLinks } from "../../link/read_links.ts";
import type { EventSubject } from "../../kube/event_object.ts";
import { hostLinkGroup, type HostLinkId, hostLinkText } from "../../reconcile/host_link.ts";
import { type HostLinkPlan, type LinkChange, planHostLinks, type SeenLink } from "../../reconcile/host_links.ts";
import type { LinkSource } from "../../reconcile/link_source.ts";
import type { Clock } from "../clock.ts";
import type { Daemon } from "../daemon.ts";
import { applyLinkChanges } from "./apply_link_changes.ts";
import type { LinkMeters } from "./link_meters.ts";
import { createTeller, type Notice } from "./notices.ts";
import { isGuard, type KeptLink, removeGuards, removeUnusedLinks } from "./remove_unused_links.ts";
import { rewriteDefinitions } from "./rewrite_definitions.ts";

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
export function createHostLinkReconciler(context: HostLinkContext): (signal: AbortSignal) => Promise<void> {
  const { daemon: { apiGroup, kube, log, events }, nodeName, meters, clock, sources } = context;
  const group = hostLinkGroup(apiGroup);
  const tell = createTeller({ events, log }, clock);
  const node: EventSubject = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } };
  /** Who asked for a link, by its name, for when nobody does any more. */
  let askers = new Map<string, readonly LinkSource[]>();

  return async (signal) => {
    const asking = sources();
    const { plan, kept } = await removeSurplus(asking, group, signal);
    const failures = await applyLinkChanges(plan.changes, group, signal);
    logChanges(log, plan.changes.filter((change) => !failures.has(change)));

    const noted = new Map(plan.wanted.flatMap(({ name, sources }) => name === undefined ? [] : [[name, sources]]));
    const notices = [
      ...asking.flatMap(sourceNotices),
      ...plan.problems.flatMap(({ reason, note, sources, ...id }) =>
        failureNotices(nodeName, id, reason, note, sources)
      ),
      ...[...failures].flatMap(([{ sources, ...id }, { detail }]) =>
        failureNotices(nodeName, id, "LinkFailed", `cannot be made or set up: ${detail}`, sources)
      ),
      ...kept.flatMap((each) => keptNotices(nodeName, each, askers.get(each.link.name) ?? [node])),
    ];
    for (const { link: { name } } of kept) noted.set(name, askers.get(name) ?? []);
    askers = noted;
    tell(notices);
    meters.tally({
      desired: plan.wanted.length,
      kept: kept.length,
      failures: [...plan.problems.map(({ reason }) => reason), ...[...failures].map(() => "Refused" as const)],
    });
    await rewriteDefinitions(kube, rewritable(asking, plan, failures), signal);
    const [failure] = failures.values();
    if (failure !== undefined) throw failure;
  };

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

function sourceNotices(subject: LinkSource): Notice[] {
  return subject.problems.map((problem) => ({
    subject,
    content: { type: "Warning", reason: "Invalid", action: "MakeLink", note: `cannot make a host link: ${problem}` },
  }));
}

function failureNotices(
  nodeName: string,
  id: HostLinkId,
  reason: string,
  note: string,
  sources: readonly LinkSource[],
): Notice[] {
  return sources.map((subject) => ({
    subject,
    content: {
      type: "Warning",
      reason,
      action: "MakeLink",
      note: `node ${nodeName}: ${hostLinkText(id)} ${note}`,
    },
  }));
}

function keptNotices(nodeName: string, { link, why }: KeptLink, subjects: readonly EventSubject[]): Notice[] {
  const note = `node ${nodeName}: link ${link.name} stays although nothing asks for it any more: ${why}`;
  return subjects.map((subject) => ({
    subject,
    content: { type: "Normal", reason: "LinkKept", action: "RemoveLink", note },
  }));
}

/** Those whose links are all there: a configuration must not point to what no node has. */
function rewritable(
  asking: readonly LinkSource[],
  { problems }: HostLinkPlan,
  failures: ReadonlyMap<LinkChange, unknown>,
): LinkSource[] {
  const missing = new Set([...problems, ...failures.keys()].map(hostLinkText));
  const isThere = (link: HostLinkId) => !missing.has(hostLinkText(link));
  return asking.filter(({ rewritten, wanted }) => rewritten !== undefined && wanted.every(isThere));
}
