/** Brings the EndpointSlices of one Service, and its Endpoints object, in line with its Pods. */

import type { KubeClient } from "../../kube/client/client.ts";
import { planSlices, type SlicePlan } from "../../reconcile/endpoint_slice_plan.ts";
import { type EndpointsPlan, planEndpoints } from "../../reconcile/service_legacy_endpoints.ts";
import type { ServiceView } from "../../reconcile/service_view.ts";
import type { Outcome, Reconcile } from "../work_queue.ts";
import type { ServiceCaches } from "./service_caches.ts";
import type { ServiceReport, ServiceTrouble } from "./service_report.ts";
import { type ChangeResult, type ObjectChange, writeChanges } from "./write_changes.ts";

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
  const waitForCaches = createPatience();

  /** Another name will do for a slice of `key`: somebody else has these. */
  function avoid(key: string, names: readonly string[]): void {
    if (names.length > 0) taken.set(key, new Set([...taken.get(key) ?? [], ...names]));
  }

  return async (key, signal) => {
    const view = caches.service(key);
    const service = view?.demand && { ...view, demand: view.demand };
    const pods = service === undefined ? [] : caches.podsOf(service);
    if (service === undefined) taken.delete(key);
    const slices = planSlices({ service, pods, slices: caches.slicesOf(key), taken: taken.get(key) ?? new Set() });
    const endpoints = planEndpoints({ service: legacy ? service : undefined, pods, current: caches.endpointsOf(key) });
    const results = await writeChanges(kube, changesOf(slices, endpoints), signal);
    const those = (outcome: ChangeResult["outcome"]) => results.filter((result) => result.outcome === outcome);
    for (const { change } of those("done")) report.written(change);
    const foreign = those("foreign").map(({ change }) => change);
    const names = foreign.filter(({ what }) => what === "slice").map(({ object }) => object.metadata.name);
    avoid(key, names);
    report.tell(key, view, troublesOf(view, slices.unusable, results));
    const failures = those("failed").map(({ error }) => error);
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
    return waitForCaches(key, those("stale").length + names.length > 0);
  };
}

const FIRST_WAIT_MS = 100;
const WAITS = 5;

/**
 * Caches may be behind what the API server has; a write is refused then, and they are looked at again when they had time
 * to catch up. Only when that does not help for some seconds it is a failure.
 */
function createPatience(): (key: string, isBehind: boolean) => Outcome | undefined {
  const waits = new Map<string, number>();
  return (key, isBehind) => {
    const before = waits.get(key) ?? 0;
    if (!isBehind || before === WAITS) waits.delete(key);
    if (!isBehind) return undefined;
    if (before === WAITS) throw new Error(`Cannot write all of Service ${key}: it changes again and again`);
    waits.set(key, before + 1);
    return { againAfterMs: FIRST_WAIT_MS * 2 ** before };
  };
}

/** What is in the way of a Service, as far as its owner should know. */
function troublesOf(
  service: ServiceView | undefined,
  unusable: readonly string[],
  results: readonly ChangeResult[],
): ServiceTrouble[] {
  const ofChanges = results.flatMap(({ change: { what, verb, object }, outcome, error }): ServiceTrouble[] => {
    const { name } = object.metadata;
    if (outcome === "failed") {
      const text = error instanceof Error ? error.message : String(error);
      return [{ reason: "NotWritten", note: `Cannot ${verb} ${what} ${name}: ${text}` }];
    }
    return outcome === "foreign" && what === "endpoints"
      ? [{ reason: "EndpointsForeign", note: foreignNote(name) }]
      : [];
  });
  return [
    ...(service?.problem === undefined ? [] : [{ reason: "AnnotationUnusable", note: service.problem } as const]),
    ...(unusable.length === 0 ? [] : [{ reason: "AddressUnusable", note: unusableNote(unusable) } as const]),
    ...ofChanges,
  ];
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
