/** One look at the cluster after another: what is nobody's for long enough is removed. */

import { isStaticPodUid } from "../../api/pod_uid.ts";
import type { ApiGroup } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { findOrphans, type Orphan } from "../../reconcile/cluster_orphans.ts";
import { type MissingSince, noteMissing, overdue } from "../../reconcile/missing_since.ts";
import { SYSTEM_CLOCK } from "../clock.ts";
import type { Reconcile } from "../work_queue.ts";
import type { CleanerReport } from "./cleaner_report.ts";
import type { ClusterCaches } from "./cluster_caches.ts";
import { holdersThatLive } from "./proof.ts";
import { removeOrphans } from "./remove_orphans.ts";

export interface ClusterCleanerOptions {
  /** Writes only while this replica leads. */
  readonly kube: KubeClient;
  readonly group: ApiGroup;
  readonly caches: Pick<ClusterCaches, "view">;
  readonly report: CleanerReport;
  /** How long a Pod or network must have been missing, in milliseconds. */
  readonly graceMs: number;
  readonly dryRun: boolean;
}

/**
 * How many grace periods a static Pod's copy may be missing: while its node is registered anew kubelet can write none, and
 * after that it does at its next look at the Pod, up to 90 s later, while the containers run on.
 */
const STATIC_POD_PATIENCE = 5;

/**
 * A reconciler of everything at once, whatever its key. Caches only say what is worth a question: nothing is removed
 * before the API server itself has confirmed, after the grace period, that its Pod or network is not there.
 */
export function createClusterCleaner(options: ClusterCleanerOptions): Reconcile {
  const { kube, group, caches, report, graceMs, dryRun } = options;
  let since: MissingSince = new Map();
  let announced: readonly Orphan[] = [];

  /** Waits for `holders` anew. */
  function forget(holders: ReadonlySet<string>): void {
    since = new Map([...since].filter(([uid]) => !holders.has(uid)));
  }

  /** Those of `orphans` whose holder is gone for good. */
  async function prove(orphans: readonly Orphan[], signal: AbortSignal): Promise<Orphan[]> {
    if (orphans.length === 0) return [];
    const living = await holdersThatLive(kube, group, orphans, signal);
    forget(living);
    return orphans.filter(({ holder }) => !living.has(holder));
  }

  return async (_key, signal) => {
    const view = caches.view();
    if (view === undefined) return;
    const { orphans, unreadable } = findOrphans(view);
    report.found(orphans, unreadable);
    const now = SYSTEM_CLOCK.now();
    since = noteMissing(since, orphans.map(({ holder }) => holder), now);
    const { uids, nextInMs } = overdue(since, now, graceMs, (uid) => isStaticPodUid(uid) ? STATIC_POD_PATIENCE : 1);
    const due = orphans.filter(({ holder }) => uids.has(holder));
    if (dryRun) {
      const proven = new Set(announced.map(({ holder }) => holder)); // once is enough: nobody comes back
      const fresh = await prove(due.filter(({ holder }) => !proven.has(holder)), signal);
      for (const { holder } of fresh) proven.add(holder);
      announced = due.filter(({ holder }) => proven.has(holder));
      report.wouldRemove(announced);
    } else {
      try {
        await removeOrphans(kube, group, await prove(due, signal), report.removed, signal);
        forget(uids); // caches may not show at once that all of it is removed
      } finally {
        report.tellUsers();
      }
    }
    return nextInMs === undefined ? undefined : { againAfterMs: nextInMs };
  };
}
