/** What to write so that a Service has the EndpointSlices it should have. */

import type { IpFamily } from "../api/address_block.ts";
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  HEADLESS_LABEL,
  SERVICE_NAME_LABEL,
  SLICE_MANAGER_LABEL,
} from "../api/endpoint_slice.ts";
import { ENDPOINTS_MANAGER_LABEL } from "../api/endpoints.ts";
import type { ObjectMeta, OwnerReference } from "../api/kube_object.ts";
import { hash32 } from "../ipam/hash.ts";
import { packEndpoints } from "./endpoint_slice_packing.ts";
import { endpointPorts, endpointsOf, type ServicePod } from "./service_endpoints.ts";
import type { ServiceDemand, ServiceView } from "./service_view.ts";

/** Who manages the slices, whatever the API group is. */
export const SLICE_MANAGER = "svcwatcher.danm.k8s.io";

/** The longest name of a Service (63 characters, RFC 1035) leaves room for what is added, so nothing is ever cut. */
const HASH_DIGITS = 6;

/** What to do, in this order, so that an address is never missing in between. */
export interface SlicePlan {
  /** Whole objects, with the resourceVersion they were planned from. */
  readonly updates: readonly EndpointSlice[];
  readonly creates: readonly EndpointSlice[];
  readonly deletes: readonly EndpointSlice[];
  /** Addresses that cannot be told of: the API server refuses them. */
  readonly unusable: readonly string[];
}

/** The slices of a Service and what they are made of. */
export interface SliceSituation {
  /** Undefined when there is none, or none that is DANM's. */
  readonly service: (ServiceView & { readonly demand: ServiceDemand }) | undefined;
  /** The Pods that the Service selects, with all their interfaces. */
  readonly pods: readonly ServicePod[];
  /** All slices for a Service of this name that are managed by {@link SLICE_MANAGER}. */
  readonly slices: readonly EndpointSlice[];
  /** Names that slices cannot have: others have them. */
  readonly taken?: ReadonlySet<string>;
}

/**
 * Compares what is wanted with what there is. Planning again after the plan was carried out gives nothing to do.
 *
 * A Service that is being deleted gets no new slices, which the garbage collector would have to find.
 */
export function planSlices({ service, pods, slices, taken = new Set() }: SliceSituation): SlicePlan {
  if (service === undefined) return { updates: [], creates: [], deletes: slices, unusable: [] };
  const { demand, metadata } = service;
  const own = slices.filter((slice) => isOwn(slice, metadata.uid)).toSorted(byName);
  const names = new Set([...taken, ...slices.map(({ metadata }) => metadata.name)]);
  const form = formOf(service);
  const updates: EndpointSlice[] = [];
  const creates: EndpointSlice[] = [];
  const deletes = slices.filter((slice) => !own.includes(slice) || !demand.families.includes(slice.addressType));
  const unusable: string[] = [];
  for (const family of demand.families) {
    const wanted = endpointsOf(service, demand, pods, family);
    unusable.push(...wanted.unusable);
    const before = own.filter(({ addressType }) => addressType === family)
      .map((slice) => ({ slice, endpoints: slice.endpoints ?? [] }));
    for (const { slice, endpoints } of packEndpoints(wanted.endpoints, before)) {
      if (slice === undefined) creates.push(newSlice(form, family, endpoints, names));
      else if (endpoints.length === 0) deletes.push(slice);
      else if (!isAsWanted(slice, form, endpoints)) updates.push(changedSlice(slice, form, endpoints));
    }
  }
  return { updates, creates: metadata.deletionTimestamp === undefined ? creates : [], deletes, unusable };
}

/** What all slices of a Service have in common. */
interface SliceForm {
  readonly service: ObjectMeta;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly ports: readonly EndpointPort[];
}

/** Labels that are not taken over from a Service. */
const RESERVED = [SERVICE_NAME_LABEL, SLICE_MANAGER_LABEL, HEADLESS_LABEL, ENDPOINTS_MANAGER_LABEL];

/** A Service's own labels, as Kubernetes' own controllers take them over, and whether it is headless. */
export function inheritedLabels({ metadata, demand }: ServiceView & { readonly demand: ServiceDemand }) {
  const own = Object.entries(metadata.labels ?? {}).filter(([key]) => !RESERVED.includes(key));
  return { ...Object.fromEntries(own), ...(demand.headless && { [HEADLESS_LABEL]: "" }) };
}

/** What makes the garbage collector delete an object when `service` is gone. */
export function ownerReference({ metadata: { name, uid = "" } }: Pick<ServiceView, "metadata">): OwnerReference {
  return { apiVersion: "v1", kind: "Service", name, uid, controller: true };
}

function formOf(service: ServiceView & { readonly demand: ServiceDemand }): SliceForm {
  const { metadata, demand } = service;
  const reserved = { [SERVICE_NAME_LABEL]: metadata.name, [SLICE_MANAGER_LABEL]: SLICE_MANAGER };
  return {
    service: metadata,
    labels: { ...inheritedLabels(service), ...reserved },
    owner: ownerReference(service),
    ports: endpointPorts(demand),
  };
}

function isOwn({ metadata }: EndpointSlice, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.kind === "Service" && owner.uid === uid) ?? false;
}

/** A name that is the same however often it is planned, so that an attempt whose answer was lost is found again. */
function newSlice(
  { service, labels, owner, ports }: SliceForm,
  family: IpFamily,
  endpoints: readonly Endpoint[],
  names: Set<string>,
): EndpointSlice {
  const { name, namespace = "", uid } = service;
  const hash = hash32(`${uid}/${family}`).toString(16).padStart(8, "0").slice(0, HASH_DIGITS);
  const base = `${name}-${family.toLowerCase()}-${hash}`;
  let number = 0;
  while (names.has(`${base}-${number}`)) number++;
  names.add(`${base}-${number}`);
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${base}-${number}`, namespace, labels, ownerReferences: [owner] },
    addressType: family,
    endpoints,
    ports,
  };
}

/** Everything about the slice that is not DANM's stays as it is. */
function changedSlice(slice: EndpointSlice, form: SliceForm, endpoints: readonly Endpoint[]): EndpointSlice {
  return {
    ...slice,
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...slice.metadata, labels: form.labels },
    endpoints,
    ports: form.ports,
  };
}

function isAsWanted(slice: EndpointSlice, form: SliceForm, endpoints: readonly Endpoint[]): boolean {
  const before = slice.endpoints ?? [];
  return before.length === endpoints.length && endpoints.every((endpoint, index) => endpoint === before[index]) &&
    isSameMap(slice.metadata.labels ?? {}, form.labels) && isSamePorts(slice.ports ?? [], form.ports);
}

/** Whether both have the same keys and values. */
export function isSameMap(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Whether both are the same ports, in whatever order: the API server keeps it, but nothing depends on it. */
export function isSamePorts(a: readonly EndpointPort[], b: readonly EndpointPort[]): boolean {
  const text = ({ name = "", port, protocol = "TCP", appProtocol }: EndpointPort) =>
    JSON.stringify([name, port, protocol, appProtocol]);
  const texts = new Set(a.map(text));
  return a.length === b.length && b.every((port) => texts.has(text(port)));
}

function byName(a: EndpointSlice, b: EndpointSlice): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
