/** Judges networks that are created, changed or deleted. */

import type { Network } from "../api/network.ts";
import { vniWaitAnnotation } from "../api/vni_wait.ts";
import { changesBackend } from "../admit/mapped_id.ts";
import { concernsPods, deviceOf, type NetworkReview, sameSegment, segmentOf } from "../admit/network_review.ts";
import { networkWarnings } from "../admit/network_warnings.ts";
import { rulesFor } from "../admit/network_rules.ts";
import { describeObjection, firstObjection, type Objection } from "../admit/rule.ts";
import { offers } from "../admit/tenant_config_rules.ts";
import { configInForce } from "../admit/tenant_profile.ts";
import { vniKey } from "../admit/vni_block.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { type AdmissionRequest, ALLOWED, denied, type Verdict } from "./admission_review.ts";
import type { Surroundings } from "./surroundings.ts";

const VERBS = { CREATE: "create", UPDATE: "change", DELETE: "delete" } as const;

/** The verdict on a request about a network whose objects comply with their schema. */
export async function validateNetwork(
  surroundings: Surroundings,
  request: AdmissionRequest,
  signal: AbortSignal,
): Promise<Verdict> {
  const review = await lookUp(surroundings, request, signal);
  const found = firstObjection(rulesFor(review), review);
  if (found) return refuse(review, found.id, found.objection);
  if (review.operation === "DELETE") return ALLOWED;
  return { allowed: true, warnings: networkWarnings(review.network, await surroundings.networks(signal)) };
}

/** The denial of a network to which the rule `id` objects. */
export function refuse({ operation, network }: NetworkReview, id: string, objection: Objection): Verdict {
  return denied(
    `Cannot ${VERBS[operation]} ${describeNetwork(network)}: ${describeObjection(objection)} (rule ${id})`,
  );
}

/** A review of `request` with nothing looked up. */
export function plainReview(surroundings: Surroundings, request: AdmissionRequest): NetworkReview {
  const { operation, object, oldObject } = request;
  const network = asNetwork(operation === "DELETE" ? oldObject : object, request);
  return {
    operation,
    network,
    ...(operation === "UPDATE" && { before: asNetwork(oldObject, request) }),
    waitKey: vniWaitAnnotation(surroundings.group),
    restoring: false,
    imported: false,
    attached: [],
    isNumberItsOwn: false,
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
  const restoring = operation === "CREATE" && await surroundings.isRestore(request, signal);
  const [imported, attached, number] = await Promise.all([
    before ? surroundings.isImport(network, before, request, signal) : false,
    before && concernsPods(network, before) ? surroundings.attached(before, undefined, signal) : [],
    network.kind === "TenantNetwork"
      ? tenantFacts(surroundings, { ...review, restoring }, request, signal)
      : namedFacts(surroundings, review, signal),
  ]);
  return { ...review, restoring, imported, attached, ...number };
}

/** Of a TenantNetwork: what it may choose from, and whether the number that it gets is its own. */
async function tenantFacts(
  surroundings: Surroundings,
  { operation, network, before, restoring }: NetworkReview,
  { dryRun }: AdmissionRequest,
  signal: AbortSignal,
): Promise<Partial<NetworkReview>> {
  const segment = segmentOf(network);
  const isMade = operation === "CREATE";
  const needsConfig = isMade || before && changesBackend(network, before);
  const [config, holder] = await Promise.all([
    needsConfig ? surroundings.tenantConfigs(signal).then(configInForce) : undefined,
    segment && before && segmentOf(before) === undefined ? surroundings.store.holder(segment, signal) : undefined,
  ]);
  const isShown = dryRun && segment !== undefined && config !== undefined && offers(config, segment);
  const isNumberItsOwn = isMade ? restoring || isShown : holder !== undefined && holder === network.metadata.uid;
  return { config, isNumberItsOwn };
}

/** Of another network that begins to use a number: whether one has it with which it cannot share it. */
async function namedFacts(
  surroundings: Surroundings,
  { network, before }: NetworkReview,
  signal: AbortSignal,
): Promise<Partial<NetworkReview>> {
  const segment = segmentOf(network);
  if (segment === undefined || before && sameSegment(segment, segmentOf(before))) return {};
  const [holder, networks] = await Promise.all([
    surroundings.holder(segment, signal),
    surroundings.latestNetworks(signal),
  ]);
  const others = networks.filter((other) => {
    const theirs = segmentOf(other);
    return theirs && vniKey(theirs) === vniKey(segment) && other.metadata.uid !== network.metadata.uid;
  });
  const tenant = others.find(({ kind }) => kind === "TenantNetwork") ?? holder;
  const elsewhere = others.find((other) => deviceOf(other) !== segment.device);
  return {
    ...(tenant && { tenantHolder: describeNetwork(tenant) }),
    ...(elsewhere && { otherDeviceHolder: describeNetwork(elsewhere) }),
  };
}
