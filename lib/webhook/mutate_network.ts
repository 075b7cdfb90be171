/** Completes networks that are created or changed: defaults, and what a TenantConfig gives to a TenantNetwork. */

import type { Network } from "../api/network.ts";
import { isDynamicBackend, networkType } from "../api/network_type.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import {
  withDefaults,
  withKeptFields,
  withMappedId,
  withOptions,
  withoutOldDefaults,
} from "../admit/complete_network.ts";
import { networkIdLength } from "../admit/device_rules.ts";
import { type NetworkReview, segmentOf } from "../admit/network_review.ts";
import { describeObjection } from "../admit/rule.ts";
import { rangesOf } from "../admit/tenant_config_rules.ts";
import { configInForce, deviceField, suitableProfiles } from "../admit/tenant_profile.ts";
import { formatVniOwner } from "../admit/vni_owner.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { hash32 } from "../ipam/hash.ts";
import { type JsonPatchOperation, jsonPointer } from "../kube/client/patch.ts";
import { type AdmissionRequest, denied, type Verdict } from "./admission_review.ts";
import { protectionFinalizer } from "./protect_networks.ts";
import type { Placement } from "./reserve_vni.ts";
import { isUsed, ownerInWords, type Surroundings, usedSegments } from "./surroundings.ts";
import { judgeNetwork, plainReview } from "./validate_network.ts";

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
  const { operation, before, ownerKey } = review;
  const usesConfig = operation === "CREATE" || !isDynamicBackend(networkType(review.network));
  const config = usesConfig ? configInForce(await surroundings.tenantConfigs(signal)) : undefined;
  const network = withMappedId(review.network, before, config);
  if (before) {
    const { annotations } = network.metadata;
    const kept = annotations?.[ownerKey] ?? before.metadata.annotations?.[ownerKey];
    return withAnnotation(network, ownerKey, kept);
  }
  const restoring = await surroundings.isRestore(request, signal);
  const refusal = judgeNetwork({ ...review, network, config, restoring, hasReservation: restoring });
  return refusal ?? await placeTenantNetwork(surroundings, { ...review, network, restoring }, config, request, signal);
}

/** Puts a TenantNetwork that is made on a device, with a number of its own if there are any. */
async function placeTenantNetwork(
  surroundings: Surroundings,
  review: NetworkReview,
  config: TenantConfig | undefined,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Network | Verdict> {
  const { network, restoring } = review;
  if (restoring && segmentOf(network)) return await reserveRestored(surroundings, review, request, signal);
  const choice = suitableProfiles(network, config);
  if ("objection" in choice || choice.profiles.length === 0) return network;
  const fitting = choice.profiles.filter((profile) => !numberObjection(review, profile));
  const [first] = choice.profiles;
  if (fitting.length === 0 && first) return deny(network, describeObjection(numberObjection(review, first)!));
  const others = usedSegments(await surroundings.networks(signal));
  const inUse = (segment: Parameters<typeof isUsed>[1]) => isUsed(others, segment);
  const start = hash32(request.uid) % fitting.length; // at random, but the same for the same request
  const ordered = [...fitting.slice(start), ...fitting.slice(0, start)];
  const owner = ownerOf(request);
  const { reserver } = surroundings;
  const placement = request.dryRun
    ? await reserver.preview(ordered, inUse, signal)
    : await reserver.reserve(ordered, inUse, owner, signal);
  if (placement) return placed(network, placement, review.ownerKey, owner);
  const full = ordered.map(({ name, vniType, vniRange }) => `${vniType} ${vniRange} of ${name}`).join("; ");
  return deny(network, `no number is free in the TenantConfig, where all are taken of ${full}`);
}

/** Why the network could not have a number of `profile`: the names of its links would be too long, for instance. */
function numberObjection(review: NetworkReview, profile: HostDevice) {
  const { name, vniType } = profile;
  if (vniType === undefined) return undefined;
  const longest = Math.max(0, ...(rangesOf(profile) ?? []).map(({ last }) => last));
  const options = { [deviceField(networkType(review.network))]: name, [vniType]: longest };
  return networkIdLength.judge({ ...review, network: withOptions(review.network, options) });
}

function placed(network: Network, { device, segment }: Placement, ownerKey: string, owner: string): Network {
  const options = { [deviceField(networkType(network))]: device, ...(segment && { [segment.type]: segment.vni }) };
  return withAnnotation(withOptions(network, options), ownerKey, segment && owner);
}

/**
 * Takes the number that a TenantNetwork of a backup had. When it is still held for that network, which a backup of its
 * AddressBlock may have brought back, it stays so, unless a network with that owner is there.
 */
async function reserveRestored(
  surroundings: Surroundings,
  { network, ownerKey }: NetworkReview,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Network | Verdict> {
  const segment = segmentOf(network)!;
  const { store, group } = surroundings;
  const networks = await surroundings.networks(signal);
  const user = usedSegments(networks).find((other) => isUsed([other], segment));
  const belongs = (who: string) =>
    deny(network, `spec.Options.${segment.type} is ${segment.vni}, which on ${segment.device} belongs to ${who}`);
  if (user) return belongs(user.user);
  const owner = ownerOf(request);
  if (request.dryRun || (await store.take(segment, new Map([[segment.vni, owner]]), signal)).size > 0) {
    return withAnnotation(network, ownerKey, owner);
  }
  const holder = await store.holder(segment, segment.vni, signal) ?? "";
  const isOwn = network.metadata.annotations?.[ownerKey] === holder;
  return isOwn ? network : belongs(ownerInWords(holder, networks, group));
}

function ownerOf({ uid }: AdmissionRequest): string {
  return formatVniOwner({ purpose: "tenant", request: uid, takenAt: Math.floor(Date.now() / 1000) });
}

function deny(network: Network, problem: string): Verdict {
  return denied(`Cannot create ${describeNetwork(network)}: ${problem}`);
}

function withAnnotation(network: Network, key: string, value: string | undefined): Network {
  if (value === undefined) return network;
  return {
    ...network,
    metadata: { ...network.metadata, annotations: { ...network.metadata.annotations, [key]: value } },
  };
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
