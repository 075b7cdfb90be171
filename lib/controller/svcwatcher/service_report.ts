/** What svcwatcher tells: Events, log and metrics. */

import { Counter, Gauge, type Registry } from "prom-client";
import type { ServiceView } from "../../reconcile/service_view.ts";
import { SYSTEM_CLOCK } from "../clock.ts";
import type { Daemon } from "../daemon.ts";
import { createTeller } from "../teller.ts";
import type { ServiceCaches } from "./service_caches.ts";
import type { ObjectChange } from "./write_changes.ts";

/** Why a Service is not served as its owner wants. */
export interface ServiceTrouble {
  readonly reason: "AnnotationUnusable" | "AddressUnusable" | "EndpointsForeign" | "NotWritten";
  readonly note: string;
}

export interface ServiceReport {
  written(change: ObjectChange): void;
  /** Tells the owner of `service` what is the case now, each trouble once; nothing when there is no such Service. */
  tell(key: string, service: ServiceView | undefined, troubles: readonly ServiceTrouble[]): void;
}

/** Registers the metrics of svcwatcher. */
export function createServiceReport(daemon: Daemon, caches: ServiceCaches): ServiceReport {
  const writes = createServiceMeters(daemon.registry, caches);
  const tellers = new Map<string, ReturnType<typeof createTeller>>();
  return {
    written({ what, verb, object: { metadata: { namespace, name } } }) {
      writes.inc({ what, verb });
      daemon.log.write("debug", `${verb}d ${what}`, { name: `${namespace}/${name}` });
    },
    tell(key, service, troubles) {
      if (service === undefined || troubles.length === 0) return void tellers.delete(key);
      const tell = tellers.get(key) ?? createTeller(daemon, SYSTEM_CLOCK);
      tellers.set(key, tell);
      const subject = { apiVersion: "v1", kind: "Service", metadata: service.metadata };
      tell(troubles.map(({ reason, note }) => ({
        subject,
        content: { type: "Warning", reason, action: "PublishEndpoints", note },
      })));
    },
  };
}

function createServiceMeters(registry: Registry, caches: ServiceCaches): Counter<"what" | "verb"> {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  const count = (matches: (service: ServiceView) => boolean) => caches.services().filter(matches).length;
  gauge(
    "danm_services",
    "Services that ask for endpoints on networks",
    () => count(({ demand }) => demand !== undefined),
  );
  gauge("danm_services_unusable", "Services with DANM's annotations that cannot be used", () => {
    return count(({ problem }) => problem !== undefined);
  });
  gauge("danm_service_slices", "EndpointSlices of these Services", () => caches.slices().length);
  gauge("danm_service_endpoints", "Addresses in these EndpointSlices", () => {
    return caches.slices().reduce((sum, { endpoints }) => sum + (endpoints?.length ?? 0), 0);
  });
  const writes = new Counter({
    name: "danm_service_writes_total",
    help: "EndpointSlices (slice) and Endpoints objects (endpoints) written",
    labelNames: ["what", "verb"] as const,
    registers,
  });
  for (const what of ["slice", "endpoints"]) {
    for (const verb of ["create", "update", "delete"]) writes.inc({ what, verb }, 0);
  }
  return writes;
}
