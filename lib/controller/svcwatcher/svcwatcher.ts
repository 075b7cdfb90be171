/** svcwatcher: makes Services lead to the interfaces of Pods that they name. */

import { createController } from "../controller.ts";
import type { DaemonProgram } from "../daemon.ts";
import { booleanFlag } from "../flag.ts";
import { createLeadership } from "../leadership.ts";
import { runTogether } from "../run_together.ts";
import type { WorkQueue } from "../work_queue.ts";
import { createServiceReconciler } from "./reconcile_service.ts";
import { watchServices } from "./service_caches.ts";
import { createServiceReport } from "./service_report.ts";

/** How often to look at a Service although nothing seems to have changed. */
const RESYNC_MS = 600_000;

/**
 * A Pod that comes or goes is several changes within moments, and with it come others: one look for all changes of this
 * time. Long enough to halve the writes of a rolling restart, too short for anybody to wait for.
 */
const SETTLE_MS = 100;

const FLAGS = {
  leaderElect: booleanFlag("work only while no other replica does", true),
  endpoints: booleanFlag("also keep Endpoints objects, for programs that know no EndpointSlices", false),
};

/** The program. */
export const svcwatcher: DaemonProgram<typeof FLAGS> = {
  name: "svcwatcher",
  summary: "makes Services lead to the interfaces of Pods on the networks they name",
  metricsPort: 9111,
  flags: FLAGS,
  async run(daemon, { leaderElect, endpoints }, signal) {
    const caches = watchServices(daemon, (key) => controller.addAfter(key, SETTLE_MS));
    const leadership = createLeadership(daemon, leaderElect);
    const controller: WorkQueue = createController(daemon, {
      name: "services",
      caches: () => caches.informers,
      resync: { everyMs: RESYNC_MS, keys: caches.keys },
      reconcile: createServiceReconciler({
        kube: leadership.kube,
        caches,
        report: createServiceReport(daemon, caches),
        legacy: endpoints,
      }),
    });
    await runTogether([...caches.tasks, (signal) => leadership.run(controller.run, signal)], signal);
  },
};
