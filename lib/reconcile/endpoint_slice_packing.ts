/** Which endpoint is in which slice. */

import type { Endpoint } from "../api/endpoint_slice.ts";
import { endpointKey } from "./service_endpoints.ts";

/** The most endpoints in one slice: what Kubernetes' own controllers fill them to. */
export const MAX_ENDPOINTS = 100;

/** Endpoints of one slice, as they are or are to be. */
export interface Packed<Slice> {
  /** Absent for a slice that is to be made. */
  readonly slice?: Slice;
  readonly endpoints: readonly Endpoint[];
}

/** One slice while it is being packed. */
interface Box<Slice> {
  readonly slice?: Slice;
  readonly endpoints: Endpoint[];
  changes: boolean;
}

/**
 * Packs `wanted` so that as few slices as possible change: an endpoint stays where it is; new ones go into slices that
 * change anyhow, else all into one that has room for them, else into new ones. Slices are never evened out. This is how
 * Kubernetes' own controller does it (k8s.io/endpointslice).
 *
 * @param slices what there is, with what each holds now
 * @returns the same slices with what each is to hold, in order, empty ones included; then new ones
 */
export function packEndpoints<Slice>(
  wanted: readonly Endpoint[],
  slices: readonly (Packed<Slice> & { readonly slice: Slice })[],
): Packed<Slice>[] {
  const rest = new Map(wanted.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const boxes: Box<Slice>[] = slices.map(({ slice, endpoints }) => {
    const kept = endpoints.slice(0, MAX_ENDPOINTS).flatMap((before) => take(rest, before) ?? []);
    const changes = kept.length === 0 || kept.length < endpoints.length || // an empty one goes unless it is filled
      kept.some((after, index) => after !== endpoints[index]);
    return { slice, endpoints: kept, changes };
  });
  const left = [...rest.values()];
  for (const box of fullestFirst(boxes.filter(({ changes }) => changes))) fill(box, left);
  while (left.length > 0) {
    const fitting = boxes.filter(({ endpoints }) => endpoints.length + left.length <= MAX_ENDPOINTS);
    const box = fullestFirst(fitting)[0] ?? { endpoints: [], changes: true };
    if (!boxes.includes(box)) boxes.push(box);
    fill(box, left);
  }
  return boxes.map(({ slice, endpoints }) => ({ ...(slice !== undefined && { slice }), endpoints }));
}

/** Takes the wanted form of `before` out of `rest`; `before` itself when nothing of it is to change. */
function take(rest: Map<string, Endpoint>, before: Endpoint): Endpoint | undefined {
  const key = endpointKey(before);
  const after = rest.get(key);
  if (after === undefined) return undefined;
  rest.delete(key);
  return isSame(before, after) ? before : after;
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  const fields = ({ conditions = {}, hostname, nodeName, targetRef, zone, hints }: Endpoint) => {
    const { ready, serving, terminating } = conditions;
    const pod = targetRef && [targetRef.kind, targetRef.namespace, targetRef.name, targetRef.uid];
    const served = [hints?.forZones, hints?.forNodes].map((list) => list?.map(({ name }) => name) ?? []);
    return JSON.stringify([ready, serving, terminating, hostname, nodeName, pod, zone, served]);
  };
  return fields(a) === fields(b);
}

function fullestFirst<Slice>(boxes: readonly Box<Slice>[]): Box<Slice>[] {
  return boxes.toSorted((a, b) => b.endpoints.length - a.endpoints.length);
}

function fill<Slice>(box: Box<Slice>, left: Endpoint[]): void {
  box.endpoints.push(...left.splice(0, MAX_ENDPOINTS - box.endpoints.length));
}
