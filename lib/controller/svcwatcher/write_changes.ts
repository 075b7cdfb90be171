/** Carries out what was planned for a Service. */

import { ENDPOINT_SLICES, type EndpointSlice, SLICE_MANAGER_LABEL } from "../../api/endpoint_slice.ts";
import { ENDPOINTS, type Endpoints, ENDPOINTS_MANAGER_LABEL } from "../../api/endpoints.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../kube/client/kube_error.ts";
import { SLICE_MANAGER } from "../../reconcile/endpoint_slice_plan.ts";

/** One object to write. An update or a deletion is of the very object that was read, as it was then. */
export type ObjectChange =
  & { readonly verb: "create" | "update" | "delete" }
  & ({ readonly what: "slice"; readonly object: EndpointSlice } | {
    readonly what: "endpoints";
    readonly object: Endpoints;
  });

/**
 * What came of a change:
 * - `done`;
 * - `stale`: the object is no longer as it was planned from, so plan again;
 * - `foreign`: the name belongs to an object that is somebody else's;
 * - `failed`, with the `error`.
 */
export interface ChangeResult {
  readonly change: ObjectChange;
  readonly outcome: "done" | "stale" | "foreign" | "failed";
  readonly error?: unknown;
}

const RESOURCES = { slice: ENDPOINT_SLICES, endpoints: ENDPOINTS };
const MANAGER_LABELS = { slice: SLICE_MANAGER_LABEL, endpoints: ENDPOINTS_MANAGER_LABEL };

/**
 * Carries out `changes`, one after the other; one that fails keeps none of the others from being tried. May be repeated:
 * an attempt whose answer was lost shows as `stale`.
 *
 * @throws the signal's reason when it has fired
 */
export async function writeChanges(
  kube: KubeClient,
  changes: readonly ObjectChange[],
  signal: AbortSignal,
): Promise<ChangeResult[]> {
  const results: ChangeResult[] = [];
  for (const change of changes) {
    try {
      results.push({ change, outcome: await writeChange(kube, change, signal) });
    } catch (error) {
      signal.throwIfAborted();
      results.push({ change, outcome: "failed", error });
    }
  }
  return results;
}

async function writeChange(
  kube: KubeClient,
  change: ObjectChange,
  signal: AbortSignal,
): Promise<"done" | "stale" | "foreign"> {
  const { what, verb, object } = change;
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const collection = { ...RESOURCES[what], namespace };
  const ref = { ...collection, name };
  const options = { idempotent: true, signal };
  try {
    if (verb === "create") await kube.create(collection, object, options);
    else if (verb === "update") await kube.update(ref, object, options);
    else {
      const preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
      await kube.delete(ref, { ...options, preconditions });
    }
    return "done";
  } catch (error) {
    if (isAlreadyExists(error)) return await isForeign(kube, change, signal) ? "foreign" : "stale";
    if (isConflict(error)) return "stale";
    if (isNotFound(error)) return verb === "delete" ? "done" : "stale";
    throw error;
  }
}

/** Asks the API server: what is somebody else's is in no cache. */
async function isForeign(kube: KubeClient, { what, object }: ObjectChange, signal: AbortSignal): Promise<boolean> {
  const { name, namespace } = object.metadata;
  try {
    const found = await kube.get<Pick<EndpointSlice, "metadata">>({ ...RESOURCES[what], namespace, name }, {
      metadataOnly: true,
      signal,
    });
    return found.metadata.labels?.[MANAGER_LABELS[what]] !== SLICE_MANAGER;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
