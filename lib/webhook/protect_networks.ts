/** Keeps the finalizer on networks, and takes it off those that are deleted once no Pod is attached. */

import type { Network } from "../api/network.ts";
import { type ApiGroup, resourceFor } from "../api/resource.ts";
import type { Outcome } from "../controller/work_queue.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isConflict, isNotFound } from "../kube/client/kube_error.ts";
import { protectionStep } from "../reconcile/network_protection.ts";
import type { Surroundings } from "./surroundings.ts";

/** How long a deleted network waits before it is looked at again, in milliseconds. */
const WAIT_MS = 2000;

/** The finalizer that DANM puts on networks. */
export function protectionFinalizer(group: ApiGroup): string {
  return `${group}/attached-pods`;
}

/**
 * Brings the finalizer of one network in line. Several replicas may do so at a time.
 *
 * @throws {KubeError} when the API server does not take it: 422 when the network breaks a rule that is younger than it is
 */
export async function protectNetwork(
  kube: KubeClient,
  { group, attached }: Surroundings,
  network: Network,
  signal: AbortSignal,
): Promise<Outcome> {
  const finalizer = protectionFinalizer(group);
  const { metadata } = network;
  const isLeaving = metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(finalizer);
  const hasPods = isLeaving ? (await attached(network, 1, signal)).length > 0 : false;
  const step = protectionStep(metadata, finalizer, hasPods);
  if (step === "wait") return { againAfterMs: WAIT_MS };
  if (step === "none") return {};
  const others = (metadata.finalizers ?? []).filter((other) => other !== finalizer);
  const finalizers = step === "add" ? [...others, finalizer] : others;
  const { name, namespace, resourceVersion, uid } = metadata;
  const body = { metadata: { finalizers, resourceVersion, uid } };
  try {
    const ref = { ...resourceFor(network.kind, group), name, namespace };
    await kube.patch(ref, { type: "merge", body }, { signal });
  } catch (error) {
    // It has changed, which the informer will tell, or gone.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
  return {};
}
