import type { ObjectMeta } from "../../api/kube_object.ts";
import type { KubeClient } from "./client.ts";

const REVIEWS = { group: "authentication.k8s.io", version: "v1", plural: "selfsubjectreviews" };

/**
 * The API server's clock, in whole seconds: it dates what it is asked. For what several machines must agree on, whose own
 * clocks may differ. Source: Kubernetes API, authentication.k8s.io/v1 SelfSubjectReview, which everybody may create.
 *
 * @throws {TypeError} when the answer has no date
 */
export async function serverTime(client: KubeClient, signal: AbortSignal): Promise<Date> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await client.create<{ readonly metadata?: ObjectMeta }>(REVIEWS, review, { signal, idempotent: true });
  const now = new Date(answer.metadata?.creationTimestamp ?? "");
  if (Number.isNaN(now.getTime())) throw new TypeError("Cannot read the API server's clock: its answer has no date");
  return now;
}
