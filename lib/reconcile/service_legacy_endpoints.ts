/** What to write so that a Service has the Endpoints object it should have, for programs that know no EndpointSlices. */

import type { Endpoint, EndpointPort } from "../api/endpoint_slice.ts";
import {
  type Endpoints,
  ENDPOINTS_MANAGER_LABEL,
  type EndpointsAddress,
  type EndpointsSubset,
  OVER_CAPACITY_ANNOTATION,
  SKIP_MIRROR_LABEL,
} from "../api/endpoints.ts";
import { inheritedLabels, isSameMap, isSamePorts, ownerReference, SLICE_MANAGER } from "./endpoint_slice_plan.ts";
import { endpointPorts, endpointsOf, type ServicePod } from "./service_endpoints.ts";
import type { ServiceDemand, ServiceView } from "./service_view.ts";

/** The most addresses in an Endpoints object; Kubernetes' own controller leaves out the rest as well. */
export const MAX_ADDRESSES = 1000;

/** At most one of these. */
export interface EndpointsPlan {
  readonly update?: Endpoints;
  readonly create?: Endpoints;
  readonly delete?: Endpoints;
}

/** The Endpoints of a Service and what they are made of. */
export interface EndpointsSituation {
  /** Undefined when there is none, none that is DANM's, or none that shall have Endpoints. */
  readonly service: (ServiceView & { readonly demand: ServiceDemand }) | undefined;
  readonly pods: readonly ServicePod[];
  /** The object of the Service's name, if it is managed by DANM. */
  readonly current: Endpoints | undefined;
}

/** Compares what is wanted with what there is, as `planSlices()` does. */
export function planEndpoints({ service, pods, current }: EndpointsSituation): EndpointsPlan {
  if (service === undefined) return current === undefined ? {} : { delete: current };
  const wanted = endpointsObject(service, pods);
  if (current === undefined) return service.metadata.deletionTimestamp === undefined ? { create: wanted } : {};
  return isAsWanted(current, wanted) ? {} : { update: withContentOf(current, wanted) };
}

/** Whether `object` is DANM's to write. */
export function isManaged({ metadata }: Pick<Endpoints, "metadata">): boolean {
  return metadata.labels?.[ENDPOINTS_MANAGER_LABEL] === SLICE_MANAGER;
}

function endpointsObject(
  service: ServiceView & { readonly demand: ServiceDemand },
  pods: readonly ServicePod[],
): Endpoints {
  const { demand, metadata: { name, namespace = "" } } = service;
  const [family = "IPv4"] = demand.families; // the object holds one family only: the primary one
  const { endpoints } = endpointsOf(service, demand, pods, family);
  const told = endpoints.filter(({ conditions }) => demand.publishNotReady || !conditions?.terminating);
  const sorted = told.toSorted((a, b) => compare(rank(a), rank(b)));
  const isTruncated = sorted.length > MAX_ADDRESSES;
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name,
      namespace,
      labels: {
        ...inheritedLabels(service),
        [ENDPOINTS_MANAGER_LABEL]: SLICE_MANAGER,
        [SKIP_MIRROR_LABEL]: "true", // there are slices
      },
      ...(isTruncated && { annotations: { [OVER_CAPACITY_ANNOTATION]: "truncated" } }),
      ownerReferences: [ownerReference(service)],
    },
    subsets: subsetsOf(sorted.slice(0, MAX_ADDRESSES), endpointPorts(demand)),
  };
}

/** Ready ones first: they are the last to be left out. */
function rank({ conditions, addresses, targetRef }: Endpoint): string {
  return `${conditions?.ready ? 0 : 1} ${addresses[0]} ${targetRef?.uid}`;
}

function subsetsOf(endpoints: readonly Endpoint[], ports: readonly EndpointPort[]): EndpointsSubset[] {
  if (endpoints.length === 0) return [];
  const [ready, notReady] = [true, false].map((isReady) =>
    endpoints.filter(({ conditions }) => (conditions?.ready ?? false) === isReady).map(addressOf)
  );
  return [{
    ...(ready!.length > 0 && { addresses: ready! }),
    ...(notReady!.length > 0 && { notReadyAddresses: notReady! }),
    ...(ports.length > 0 && { ports }),
  }];
}

function addressOf({ addresses, hostname, nodeName, targetRef }: Endpoint): EndpointsAddress {
  return {
    ip: addresses[0] ?? "",
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}

function isAsWanted(current: Endpoints, wanted: Endpoints): boolean {
  const { labels = {}, annotations = {}, ownerReferences = [] } = current.metadata;
  return isSameMap(labels, wanted.metadata.labels ?? {}) &&
    annotations[OVER_CAPACITY_ANNOTATION] === wanted.metadata.annotations?.[OVER_CAPACITY_ANNOTATION] &&
    ownerReferences.some(({ uid }) => uid === wanted.metadata.ownerReferences?.[0]?.uid) &&
    isSameSubsets(current.subsets ?? [], wanted.subsets ?? []);
}

function isSameSubsets(current: readonly EndpointsSubset[], wanted: readonly EndpointsSubset[]): boolean {
  return current.length === wanted.length && wanted.every((subset, index) => {
    const before = current[index]!;
    return addressText(before.addresses) === addressText(subset.addresses) &&
      addressText(before.notReadyAddresses) === addressText(subset.notReadyAddresses) &&
      isSamePorts(before.ports ?? [], subset.ports ?? []);
  });
}

/** In an order of its own: the API server sorts addresses in its way. */
function addressText(addresses: readonly EndpointsAddress[] = []): string {
  const texts = addresses.map(({ ip, hostname, nodeName, targetRef }) =>
    JSON.stringify([ip, hostname, nodeName, targetRef?.namespace, targetRef?.name, targetRef?.uid])
  );
  return texts.sort().join();
}

function withContentOf(current: Endpoints, { metadata, subsets }: Endpoints): Endpoints {
  const { [OVER_CAPACITY_ANNOTATION]: _, ...annotations } = current.metadata.annotations ?? {};
  const { labels, ownerReferences } = metadata;
  return {
    ...current,
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...current.metadata,
      annotations: { ...annotations, ...metadata.annotations },
      ...(labels && { labels }),
      ...(ownerReferences && { ownerReferences }),
    },
    subsets: subsets ?? [],
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
