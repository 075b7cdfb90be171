/** Judges networks that are created, changed or deleted. */

import type { Network } from "../api/network.ts";
import { concernsPods, type NetworkReview, sameSegment, segmentOf } from "../admit/network_review.ts";
import { networkWarnings } from "../admit/network_warnings.ts";
import { rulesFor } from "../admit/network_rules.ts";
import { describeObjection, firstObjection } from "../admit/rule.ts";
import { offers } from "../admit/tenant_config_rules.ts";
import { configInForce } from "../admit/tenant_profile.ts";
import { formatVniOwner, parseVniOwner, vniOwnerAnnotation } from "../admit/vni_owner.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { type AdmissionRequest, ALLOWED, denied, type Verdict } from "./admission_review.ts";
import { ownerInWords, type Surroundings } from "./surroundings.ts";

const VERBS = { CREATE: "create", UPDATE: "change", DELETE: "delete" } as const;

/** The verdict on a request about a network whose objects comply with their schema. */
export async function validateNetwork(
  surroundings: Surroundings,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Verdict> {
  const review = await lookUp(surroundings, request, signal);
  const refusal = judgeNetwork(review);
  if (refusal) return refusal;
  if (review.operation === "DELETE") return ALLOWED;
  return { allowed: true, warnings: networkWarnings(review.network, await surroundings.networks(signal)) };
}

/** The denial of a network that breaks a rule. */
export function judgeNetwork(review: NetworkReview): Verdict | undefined {
  const found = firstObjection(rulesFor(review), review);
  if (!found) return undefined;
  const what = `${VERBS[review.operation]} ${describeNetwork(review.network)}`;
  return denied(`Cannot ${what}: ${describeObjection(found.objection)} (rule ${found.id})`);
}

/** A review of `request` with nothing looked up. */
export function plainReview(surroundings: Surroundings, request: AdmissionRequest): NetworkReview {
  const { operation, object, oldObject } = request;
  const network = asNetwork(operation === "DELETE" ? oldObject : object, request);
  return {
    operation,
    network,
    ...(operation === "UPDATE" && { before: asNetwork(oldObject, request) }),
    ownerKey: vniOwnerAnnotation(surroundings.group),
    restoring: false,
    imported: false,
    attached: [],
    hasReservation: false,
  };
}

/** A network that is made has no name yet when its user leaves that to the API server. */
function asNetwork(object: unknown, { kind, namespace, name }: AdmissionRequest): Network {
  const network = object as Network & { metadata: { generateName?: string } };
  const shown = network.metadata.name || name || `${network.metadata.generateName ?? ""}*`;
  const metadata = { ...network.metadata, name: shown, ...(namespace && { namespace }) };
  return { ...network, kind: kind.kind, metadata } as Network;
}

async function lookUp(
  surroundings: Surroundings,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<NetworkReview> {
  const review = plainReview(surroundings, request);
  const { operation, network, before } = review;
  if (operation === "DELETE") return { ...review, attached: await surroundings.attached(network, 1, signal) };
  const [restoring, imported, attached, number] = await Promise.all([
    operation === "CREATE" ? surroundings.isRestore(request, signal) : false,
    before ? surroundings.isImport(network, before, request, signal) : false,
    before && concernsPods(network, before) ? surroundings.attached(before, undefined, signal) : [],
    network.kind === "TenantNetwork"
      ? tenantFacts(surroundings, review, request, signal)
      : namedFacts(surroundings, review, request, signal),
  ]);
  return { ...review, restoring, imported, attached, ...number };
}

/** Of a TenantNetwork that is made: what it may choose from, and whether its number is its own. */
async function tenantFacts(
  { store, tenantConfigs }: Surroundings,
  { operation, network, ownerKey }: NetworkReview,
  { dryRun }: AdmissionRequest,
  signal: AbortSignal,
): Promise<Partial<NetworkReview>> {
  if (operation !== "CREATE") return {};
  const segment = segmentOf(network);
  const owner = network.metadata.annotations?.[ownerKey];
  const isHeld = async () =>
    segment !== undefined && owner !== undefined && parseVniOwner(owner)?.purpose === "tenant" &&
    (dryRun || await store.holder(segment, segment.vni, signal) === owner);
  const [configs, hasReservation] = await Promise.all([tenantConfigs(signal), isHeld()]);
  return { config: configInForce(configs), hasReservation };
}

/**
 * Of another network that begins to use a number: whether a TenantNetwork has it. If none has, it is taken, so that none
 * gets it before this network is there for all to see.
 */
async function namedFacts(
  surroundings: Surroundings,
  { network, before }: NetworkReview,
  { uid, dryRun }: AdmissionRequest,
  signal: AbortSignal,
): Promise<Partial<NetworkReview>> {
  const { store, group } = surroundings;
  const segment = segmentOf(network);
  if (segment === undefined || before && sameSegment(segment, segmentOf(before))) return {};
  const configs = await surroundings.tenantConfigs(signal);
  if (!configs.some((config) => offers(config, segment))) return {};
  const own = formatVniOwner({ purpose: "named", request: uid, takenAt: Math.floor(Date.now() / 1000) });
  for (;;) {
    const holder = await store.holder(segment, segment.vni, signal);
    if (holder !== undefined && parseVniOwner(holder)?.purpose === "tenant") {
      return { tenantHolder: ownerInWords(holder, await surroundings.networks(signal), group) };
    }
    if (holder !== undefined || dryRun || (await store.take(segment, new Map([[segment.vni, own]]), signal)).size > 0) {
      return {};
    }
  }
}
