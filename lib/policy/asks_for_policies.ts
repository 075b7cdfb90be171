import { findAnnotation } from "../api/annotations.ts";
import type { ObjectMeta } from "../api/kube_object.ts";

/**
 * Whether a network or definition says that policies which name no network hold on its interfaces as well, although a
 * plugin makes them that may have ways of its own to police them. On those that DANM says how to make they do anyway.
 */
export function asksForPolicies({ annotations }: Pick<ObjectMeta, "annotations">): boolean {
  return findAnnotation(annotations, "policies")?.value.trim() === "true";
}
