/** cleaner: frees what Pods left that no node can clean up after. */

import { fencedClient } from "../../kube/client/fenced_client.ts";
import { createController } from "../controller.ts";
import type { DaemonProgram } from "../daemon.ts";
import { booleanFlag, secondsFlag } from "../flag.ts";
import { createLeadership } from "../leadership.ts";
import { runTogether } from "../run_together.ts";
import { createReport } from "./cleaner_report.ts";
import { watchCluster } from "./cluster_caches.ts";
import { createClusterCleaner } from "./clean_cluster.ts";

/** The longest time between two looks; a short grace period makes it shorter. */
const LOOK_EVERY_MS = 15_000;

const FLAGS = {
  leaderElect: booleanFlag("work only while no other replica does", true),
  gracePeriod: secondsFlag("how long a Pod must be gone before what it had is taken away", 60, 1),
  dryRun: booleanFlag("change nothing, but log what would be removed; takes part in no election", false),
};

/** The program. */
export const cleaner: DaemonProgram<typeof FLAGS> = {
  name: "cleaner",
  summary: "frees addresses and deletes DanmEps of Pods that are gone without their node having cleaned up",
  metricsPort: 9112,
  flags: FLAGS,
  async run(daemon, { leaderElect, gracePeriod, dryRun }, signal) {
    const caches = watchCluster(daemon);
    const leadership = createLeadership(daemon, leaderElect && !dryRun);
    const graceMs = gracePeriod * 1000;
    const controller = createController(daemon, {
      name: "orphans",
      workers: 1,
      caches: () => caches.informers,
      resync: { everyMs: Math.min(LOOK_EVERY_MS, graceMs / 4), keys: () => ["cluster"] },
      reconcile: createClusterCleaner({
        kube: dryRun ? fencedClient(daemon.kube, refuse) : leadership.kube,
        group: daemon.apiGroup,
        caches,
        report: createReport(daemon, dryRun),
        graceMs,
        dryRun,
      }),
    });
    await runTogether([...caches.tasks, (signal) => leadership.run(controller.run, signal)], signal);
  },
};

function refuse(): never {
  throw new Error("Cannot write: this is a dry run");
}
