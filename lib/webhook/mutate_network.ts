/** Completes networks that are created or changed: defaults, and what a TenantConfig gives to a TenantNetwork. */

import type { Network } from "../api/network.ts";
import { withDefaults, withKeptFields, withMappedId, withoutOldDefaults } from "../admit/complete_network.ts";
import { changesBackend } from "../admit/mapped_id.ts";
import { type NetworkReview, segmentOf } from "../admit/network_review.ts";
import { configInForce } from "../admit/tenant_profile.ts";
import { numberIsGiven } from "../admit/tenant_rules.ts";
import { type JsonPatchOperation, jsonPointer } from "../kube/client/patch.ts";
import type { AdmissionRequest, Verdict } from "./admission_review.ts";
import { placeTenantNetwork, withAnnotation } from "./place_tenant_network.ts";
import { protectionFinalizer } from "./protect_networks.ts";
import type { Surroundings } from "./surroundings.ts";
import { plainReview, refuse } from "./validate_network.ts";

/** The verdict on a network that complies with its schema, with the patch that completes it. */
export async function mutateNetwork(
  surroundings: Surroundings,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Verdict> {
  const review = plainReview(surroundings, request);
  const { before } = review;
  let network = withDefaults(
    before ? await withOld(surroundings, review.network, before, request, signal) : review.network,
  );
  if (network.kind === "TenantNetwork") {
    const completed = await completeTenantNetwork(surroundings, { ...review, network }, request, signal);
    if ("allowed" in completed) return completed;
    network = completed;
  }
  const original = request.object as Network;
  return { allowed: true, patch: patchOf(original, network, protectionFinalizer(surroundings.group)) };
}

/** The network of an update with what its user left out of it but did not mean to take away. */
async function withOld(
  surroundings: Surroundings,
  network: Network,
  before: Network,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Network> {
  const imported = await surroundings.isImport(network, before, request, signal);
  return withKeptFields(withoutOldDefaults(network, before), before, imported);
}

async function completeTenantNetwork(
  surroundings: Surroundings,
  review: NetworkReview,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Network | Verdict> {
  const { network, before, waitKey } = review;
  const needsConfig = before === undefined || changesBackend(network, before);
  const config = needsConfig ? configInForce(await surroundings.tenantConfigs(signal)) : undefined;
  const mapped = withMappedId(network, before, config);
  if (before) {
    const isGiven = segmentOf(mapped) !== undefined && segmentOf(before) === undefined;
    return withAnnotation(mapped, waitKey, isGiven ? undefined : before.metadata.annotations?.[waitKey]);
  }
  const restoring = await surroundings.isRestore(request, signal);
  const given = numberIsGiven.judge({ ...review, isNumberItsOwn: restoring });
  if (given) return refuse(review, numberIsGiven.id, given);
  return await placeTenantNetwork(surroundings, { ...review, network: mapped, restoring }, config, request, signal);
}

/** The steps from `original` to `completed`, with the finalizer; names that were made up for messages stay out. */
function patchOf(original: Network, completed: Network, finalizer: string): JsonPatchOperation[] {
  const { annotations, finalizers = [], deletionTimestamp } = original.metadata;
  const operations: JsonPatchOperation[] = [];
  if (JSON.stringify(original.spec) !== JSON.stringify(completed.spec)) {
    operations.push({ op: "replace", path: "/spec", value: completed.spec });
  }
  if (JSON.stringify(annotations) !== JSON.stringify(completed.metadata.annotations)) {
    operations.push({ op: "add", path: jsonPointer("metadata", "annotations"), value: completed.metadata.annotations });
  }
  if (deletionTimestamp === undefined && !finalizers.includes(finalizer)) {
    operations.push({ op: "add", path: jsonPointer("metadata", "finalizers"), value: [...finalizers, finalizer] });
  }
  return operations;
}
