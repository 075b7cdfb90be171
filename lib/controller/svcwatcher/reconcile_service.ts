/** Brings the EndpointSlices of one Service, and its Endpoints object, in line with its Pods. */

import type { KubeClient } from "../../kube/client.ts";
import { planSlices, type SlicePlan } from "../../reconcile/endpoint_slice_plan.ts";
import { type EndpointsPlan, planEndpoints } from "../../reconcile/service_legacy_endpoints.ts";
import type { Reconcile } from "../work_queue.ts";
import type { ServiceCaches } from "./service_caches.ts";
import type { ServiceReport, ServiceTrouble } from "./service_report.ts";
import { type ObjectChange, writeChange } from "./write_changes.ts";

export interface ServiceReconcilerOptions {
  /** Writes only while this replica leads. */
  readonly kube: KubeClient;
  readonly caches: ServiceCaches;
  readonly report: ServiceReport;
  /** Whether Services shall have Endpoints objects. */
  readonly legacy: boolean;
}

/** A reconciler of Services by their `objectKey()`. */
export function createServiceReconciler({ kube, caches, report, legacy }: ServiceReconcilerOptions): Reconcile {
  const taken = new Map<string, Set<string>>();

  /** Resolves to what is in the way, as far as users can do something about it. Throws for a later attempt. */
  async function write(key: string, changes: readonly ObjectChange[], signal: AbortSignal): Promise<ServiceTrouble[]> {
    const troubles: ServiceTrouble[] = [];
    let isStale = false;
    for (const change of changes) {
      const { what, verb, object: { metadata } } = change;
      try {
        const outcome = await writeChange(kube, change, signal);
        if (outcome === "done") report.written(change);
        else if (outcome === "stale" || what === "slice") isStale = true;
        if (outcome !== "foreign") continue;
        if (what === "slice") taken.set(key, (taken.get(key) ?? new Set()).add(metadata.name)); // another name will do
        else troubles.push({ reason: "EndpointsForeign", note: foreignNote(metadata.name) });
      } catch (error) {
        signal.throwIfAborted();
        const text = error instanceof Error ? error.message : String(error);
        troubles.push({ reason: "NotWritten", note: `Cannot ${verb} ${what} ${metadata.name}: ${text}`, error });
      }
    }
    if (isStale) throw new StaleCacheError(key);
    return troubles;
  }

  return async (key, signal) => {
    const view = caches.service(key);
    const service = view?.demand && { ...view, demand: view.demand };
    const pods = service === undefined ? [] : caches.podsOf(service);
    const slices = planSlices({ service, pods, slices: caches.slicesOf(key), taken: taken.get(key) ?? new Set() });
    const endpoints = planEndpoints({ service: legacy ? service : undefined, pods, current: caches.endpointsOf(key) });
    const troubles = await write(key, changesOf(slices, endpoints), signal);
    if (service === undefined) taken.delete(key);
    if (view?.problem !== undefined) troubles.push({ reason: "AnnotationUnusable", note: view.problem });
    if (slices.unusable.length > 0) troubles.push({ reason: "AddressUnusable", note: unusableNote(slices.unusable) });
    report.tell(key, view, troubles);
    const failures = troubles.flatMap(({ error }) => error ?? []);
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  };
}

/** The caches are behind what the API server has. They catch up by themselves; look again then. */
class StaleCacheError extends Error {
  override readonly name = "StaleCacheError";
  constructor(key: string) {
    super(`Cannot write all of Service ${key} yet: something of it has changed meanwhile`);
  }
}

/** In this order an address that moves is never missing. */
function changesOf(slices: SlicePlan, endpoints: EndpointsPlan): ObjectChange[] {
  const verbs = ["update", "create", "delete"] as const;
  return [
    ...verbs.flatMap((verb) => slices[`${verb}s`].map((object): ObjectChange => ({ what: "slice", verb, object }))),
    ...verbs.flatMap((verb): ObjectChange[] => {
      const object = endpoints[verb];
      return object === undefined ? [] : [{ what: "endpoints", verb, object }];
    }),
  ];
}

function foreignNote(name: string): string {
  return `Endpoints ${name} exist already and are somebody else's: they are left alone, and so can be wrong`;
}

function unusableNote(addresses: readonly string[]): string {
  const named = addresses.slice(0, 10).join(", ");
  return `Kubernetes allows no endpoints with special addresses, so these are left out: ${named}` +
    (addresses.length > 10 ? ` and ${addresses.length - 10} more` : "");
}
