/** The cluster as svcwatcher follows it. */

import type { DanmEp } from "../../api/danm_ep.ts";
import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  SERVICE_NAME_LABEL,
  SLICE_MANAGER_LABEL,
} from "../../api/endpoint_slice.ts";
import { ENDPOINTS, type Endpoints, ENDPOINTS_MANAGER_LABEL } from "../../api/endpoints.ts";
import { identityOf, type ObjectMeta } from "../../api/kube_object.ts";
import type { Pod } from "../../api/pod.ts";
import { resourceFor } from "../../api/resource.ts";
import type { Service } from "../../api/service.ts";
import type { Identified } from "../../kube/watch/follow_collection.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import type { Change } from "../../kube/watch/object_cache.ts";
import { objectKey } from "../../kube/watch/object_key.ts";
import { SLICE_MANAGER } from "../../reconcile/endpoint_slice_plan.ts";
import {
  type InterfaceView,
  isOn,
  type PodView,
  selects,
  type ServicePod,
  viewInterface,
  viewPod,
} from "../../reconcile/service_endpoints.ts";
import { type ServiceView, viewService } from "../../reconcile/service_view.ts";
import type { Daemon } from "../daemon.ts";
import type { Task } from "../run_together.ts";
import { watchResource } from "../watch_resource.ts";
import { createObjectIndex } from "./object_index.ts";

/** Caches of everything that endpoints depend on. A Service is named by its `objectKey()`. */
export interface ServiceCaches {
  readonly informers: readonly Informer<unknown>[];
  readonly tasks: readonly Task[];
  service(key: string): ServiceView | undefined;
  /** The Pods that `service` selects, with all their interfaces. */
  podsOf(service: ServiceView): ServicePod[];
  /** Slices for a Service of this name that are DANM's, whether there is such a Service or not. */
  slicesOf(key: string): EndpointSlice[];
  /** The Endpoints object of this name, if it is DANM's. */
  endpointsOf(key: string): Endpoints | undefined;
  services(): ServiceView[];
  slices(): EndpointSlice[];
  /** Every Service that DANM does something for, or has done. */
  keys(): string[];
}

/**
 * Follows Services, Pods, DanmEps, the zones of nodes and what was made of all of them. Of what others made nothing is known here: it is selected by
 * the label that says whose it is.
 *
 * @param concern called with each Service that a change may concern
 */
export function watchServices(daemon: Daemon, concern: (key: string) => void): ServiceCaches {
  const demanding = createObjectIndex<ServiceView>(({ metadata }) => metadata.namespace ?? "");
  const podsByNamespace = createObjectIndex<PodView>(({ metadata }) => metadata.namespace ?? "");
  const interfacesByPod = createObjectIndex<InterfaceView>(podKeyOf);
  const slicesByService = createObjectIndex<EndpointSlice>(serviceKeyOf);

  const services = watchResource<Service, ServiceView>(daemon, { resource: core("services"), transform: viewService }, (
    change,
  ) => {
    demanding.apply({ ...change, before: onlyDemanding(change.before), after: onlyDemanding(change.after) });
    if (asksForSomething(change.before) || asksForSomething(change.after)) concern(change.key);
  });
  const pods = watchResource<Pod, PodView>(daemon, { resource: core("pods"), transform: viewPod }, (change) => {
    podsByNamespace.apply(change);
    if (isSamePod(change)) return;
    concernThose(change, (pod, demand) => selects(demand, pod));
  });
  const danmEps = resourceFor("DanmEp", daemon.apiGroup);
  const interfaces = watchResource<DanmEp, InterfaceView>(daemon, { resource: danmEps, transform: viewInterface }, (
    change,
  ) => {
    interfacesByPod.apply(change);
    concernThose(change, (view, demand) => {
      const pod = pods.get(podKeyOf(view)); // a Pod that is not known yet will tell of itself
      if (pod === undefined || !selects(demand, pod)) return false;
      // An interface of a new sandbox on any network makes those of the one before count no more.
      const others = interfacesByPod.get(podKeyOf(view)).filter(({ sandbox }) => sandbox !== view.sandbox);
      return [view, ...others].some((each) => isOn(each, demand.networks));
    });
  });
  const slices = watchResource<EndpointSlice>(daemon, managed(ENDPOINT_SLICES, SLICE_MANAGER_LABEL), (change) => {
    slicesByService.apply(change);
    for (const slice of present(change)) concern(serviceKeyOf(slice));
  });
  const endpoints = watchResource<Endpoints>(
    daemon,
    managed(ENDPOINTS, ENDPOINTS_MANAGER_LABEL),
    ({ key }) => concern(key),
  );

  /** Concerns the Services of the same namespace that an object, as it was or as it is, `matters` to. */
  function concernThose<T extends PodView | InterfaceView>(
    change: Change<T>,
    matters: (object: T, demand: NonNullable<ServiceView["demand"]>) => boolean,
  ): void {
    for (const object of present(change)) {
      for (const { metadata, demand } of demanding.get(object.metadata.namespace ?? "")) {
        if (demand !== undefined && matters(object, demand)) concern(objectKey(metadata));
      }
    }
  }

  const nodes = watchResource<Identified, NodeView>(daemon, {
    resource: core("nodes"),
    metadataOnly: true,
    transform: viewNode,
  }, ({ before, after }) => {
    if (before?.zone === after?.zone) return;
    for (const { metadata } of services.list().filter(asksForSomething)) concern(objectKey(metadata));
  });
  const zoneOf = ({ nodeName }: PodView) => nodeName === undefined ? undefined : nodes.get(nodeName)?.zone;

  const informers = [services, pods, interfaces, slices, endpoints, nodes];
  return {
    informers,
    tasks: informers.map(({ run }) => run),
    service: services.get,
    podsOf({ metadata, demand }) {
      if (demand === undefined) return [];
      return podsByNamespace.get(metadata.namespace ?? "")
        .filter((pod) => selects(demand, pod))
        .map((pod) => ({ pod, zone: zoneOf(pod), interfaces: interfacesByPod.get(objectKey(pod.metadata)) }));
    },
    slicesOf: slicesByService.get,
    endpointsOf: endpoints.get,
    services: services.list,
    slices: slices.list,
    keys() {
      const asking = services.list().filter(asksForSomething).map(({ metadata }) => objectKey(metadata));
      return [...new Set([...asking, ...slicesByService.groups(), ...endpoints.keys()])];
    },
  };
}

/** A node, reduced to what endpoints depend on. */
interface NodeView {
  readonly metadata: ObjectMeta;
  readonly zone: string | undefined;
}

/** Source: Kubernetes, "Well-Known Labels". */
function viewNode({ metadata }: Identified): NodeView {
  return { metadata: identityOf(metadata), zone: metadata.labels?.["topology.kubernetes.io/zone"] || undefined };
}

function core(plural: string) {
  return { group: "", version: "v1", plural };
}

function managed(resource: typeof ENDPOINT_SLICES | typeof ENDPOINTS, label: string) {
  return { resource, labelSelector: `${label}=${SLICE_MANAGER}` };
}

function present<T>({ before, after }: Change<T>): T[] {
  return [before, after].filter((object) => object !== undefined);
}

function asksForSomething(service: ServiceView | undefined): boolean {
  return service?.demand !== undefined || service?.problem !== undefined;
}

function onlyDemanding(service: ServiceView | undefined): ServiceView | undefined {
  return service?.demand === undefined ? undefined : service;
}

/** Whether nothing that matters has changed: a Pod's status changes often. */
function isSamePod({ before, after }: Change<PodView>): boolean {
  const text = (pod: PodView) => JSON.stringify({ ...pod, metadata: { ...pod.metadata, resourceVersion: "" } });
  return before !== undefined && after !== undefined && text(before) === text(after);
}

function podKeyOf({ metadata: { namespace }, pod }: InterfaceView): string {
  return objectKey({ name: pod.name, ...(namespace !== undefined && { namespace }) });
}

/** The Service that a slice is for; under a name of its own when it lost every trace of one. */
function serviceKeyOf({ metadata }: EndpointSlice): string {
  const { namespace = "", name, labels, ownerReferences } = metadata;
  const owner = ownerReferences?.find(({ kind }) => kind === "Service")?.name;
  return objectKey({ namespace, name: labels?.[SERVICE_NAME_LABEL] ?? owner ?? name });
}
