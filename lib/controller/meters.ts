import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import type { Informer } from "../kube/watch/informer.ts";

/** The metrics that all daemons have; each adds its own to the same registry. */
export interface Meters {
  readonly queueWaiting: Gauge<"controller">;
  readonly reconcileSeconds: Histogram<"controller" | "result">;
  readonly watchFailures: Counter<"resource">;
  /** Informers to tell of, by the plural of their resource. */
  readonly informers: Map<string, Informer<unknown>>;
  readonly leader: Gauge;
  readonly eventsDropped: Counter;
}

/** Registers the common metrics. Names follow the Prometheus naming practices: base units, `_total` for counters. */
export function createMeters(registry: Registry): Meters {
  const registers = [registry];
  const informers = new Map<string, Informer<unknown>>();
  const watchGauge = (name: string, help: string, value: (informer: Informer<unknown>) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ["resource"] as const,
      registers,
      collect() {
        this.reset(); // some are followed only while they are needed
        for (const [resource, informer] of informers) this.set({ resource }, value(informer));
      },
    });
  watchGauge("danm_watched_objects", "Objects in the cache", ({ size }) => size);
  watchGauge(
    "danm_watch_current",
    "1 when the cache follows the API server",
    ({ isCurrent, isAbsent }) => Number(isCurrent || isAbsent),
  );
  watchGauge("danm_watch_served", "1 when the API server serves the type", ({ served }) => Number(served === true));
  registerProcess(registry);
  return {
    informers,
    queueWaiting: new Gauge({
      name: "danm_queue_waiting",
      help: "Keys that wait to be reconciled",
      labelNames: ["controller"] as const,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: "danm_reconcile_seconds",
      help: "Time of one reconciliation",
      labelNames: ["controller", "result"] as const,
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30],
      registers,
    }),
    watchFailures: new Counter({
      name: "danm_watch_failures_total",
      help: "Lists and watches that failed",
      labelNames: ["resource"] as const,
      registers,
    }),
    leader: new Gauge({ name: "danm_leader", help: "1 while this replica leads", registers }),
    eventsDropped: new Counter({
      name: "danm_events_dropped_total",
      help: "Kubernetes Events that were not written: too many, or refused",
      registers,
    }),
  };
}

function registerProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  new Gauge({ name: "process_start_time_seconds", help: "Start of the process since the epoch", registers })
    .set(performance.timeOrigin / 1000);
  new Gauge({ name: "danm_build_info", help: "Always 1", labelNames: ["version"] as const, registers })
    .set({ version: PRODUCT_VERSION }, 1);
}
