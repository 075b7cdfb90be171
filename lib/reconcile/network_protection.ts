/** Keeping networks that Pods are attached to. */

import type { ObjectMeta } from "../api/kube_object.ts";

/** What to do about the finalizer of a network; `wait`: look again later. */
export type ProtectionStep = "add" | "remove" | "wait" | "none";

/**
 * What a network needs next. A finalizer, not the refusal of the deletion alone, is what cannot be raced: a deletion is
 * admitted before it is stored, and a Pod may be attached in between. With the finalizer the deletion is stored first,
 * as a deletionTimestamp; a Pod that gets in later sees that (it looks at the network again once its DanmEp is there)
 * and gives up, and a Pod that got in before has its DanmEp, for which the network waits.
 *
 * @param hasPods whether DanmEps of the network exist, read after `metadata`
 */
export function protectionStep(metadata: ObjectMeta, finalizer: string, hasPods: boolean): ProtectionStep {
  const isProtected = metadata.finalizers?.includes(finalizer) ?? false;
  if (metadata.deletionTimestamp === undefined) return isProtected ? "none" : "add";
  if (!isProtected) return "none";
  return hasPods ? "wait" : "remove";
}
