/** Gives TenantNetworks the VLAN and VXLAN numbers that they wait for. For one replica at a time: the leader. */

import type { Network } from "../api/network.ts";
import { type ApiGroup, resourceFor } from "../api/resource.ts";
import { vniWaitAnnotation } from "../api/vni_wait.ts";
import { segmentOf } from "../admit/network_review.ts";
import { storedObjection } from "../admit/stored_network.ts";
import { offers } from "../admit/tenant_config_rules.ts";
import { configInForce } from "../admit/tenant_profile.ts";
import { vniKey } from "../admit/vni_block.ts";
import type { Notice } from "../controller/teller.ts";
import type { VniRequest, VniStore } from "../kube/blocks/vni_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { isInvalid, isNotFound, KubeError } from "../kube/client/kube_error.ts";
import { type JsonPatchOperation, jsonPointer } from "../kube/client/patch.ts";
import { earlierOwnerAnnotation } from "../reconcile/earlier_vni_owner.ts";
import type { VniGrant, VniProblem } from "../reconcile/vni_claims.ts";
import { planVnis, type VniPlan, type VniState } from "../reconcile/vni_plan.ts";
import { problemNotice } from "./network_events.ts";
import type { Surroundings } from "./surroundings.ts";

export interface VniGiverOptions {
  /** Writes while this replica leads. */
  readonly kube: KubeClient;
  readonly store: VniStore;
  readonly group: ApiGroup;
  readonly surroundings: Pick<Surroundings, "latestNetworks" | "knownTenants" | "tenantConfigs">;
  /** Told of every number that was given. */
  readonly given: (grant: VniGrant) => void;
  /** Told of all that users must know, whether all of it could be done or not. */
  readonly tell: (notices: readonly Notice[]) => void;
}

/** How many rounds in a row may each leave something to do before it is time for a pause. */
const MAX_ROUNDS = 5;

/** Networks that are written to at a time. */
const WRITERS = 8;

/**
 * Brings the numbers of all networks in line. Everything is read anew: a cache that lags could give one number twice.
 * Rejects when something could not be done, to be called again.
 */
export async function giveVnis(options: VniGiverOptions, signal: AbortSignal): Promise<void> {
  for (let round = 1;; round++) {
    const state = await readState(options, signal);
    const plan = planVnis(state);
    const failures = await carryOut(options, plan, signal);
    const isDone = [plan.releases, plan.claims, plan.grants, plan.marked].every(({ length }) => length === 0);
    if (!isDone && failures.length === 0 && round < MAX_ROUNDS) continue;
    const problems = [...failures, ...plan.problems, ...standing(state)];
    options.tell(problems.map((problem) => problemNotice(options.group, problem)));
    if (isDone) return;
    throw failures[0]?.reason ?? new Error("Cannot give all numbers: others take numbers or change networks meanwhile");
  }
}

async function readState({ group, store, surroundings }: VniGiverOptions, signal: AbortSignal): Promise<VniState> {
  const blocks = await store.list(signal);
  const [networks, configs] = await Promise.all([
    surroundings.latestNetworks(signal), // after the blocks, as a plan needs it
    surroundings.tenantConfigs(signal),
  ]);
  const known = surroundings.knownTenants();
  return { group, networks, known, blocks, config: configInForce(configs), now: Date.now() };
}

/** What is wrong with networks as they are, whoever let them in. */
function standing({ networks, config }: VniState): VniProblem[] {
  return networks.flatMap((network) => {
    const problem = storedObjection(network, config);
    return problem === undefined ? [] : [{ network, problem }];
  });
}

/** A number that could not be written to its network. */
interface WriteFailure extends VniProblem {
  readonly reason: unknown;
}

/** Resolves to the networks that refused their number. Rejects when another step failed. */
async function carryOut(options: VniGiverOptions, plan: VniPlan, signal: AbortSignal): Promise<WriteFailure[]> {
  const { store } = options;
  await store.release(plan.releases, signal);
  await store.take(plan.claims.map(requestOf), signal);
  await inTurns(plan.marked, (network) => removeMark(options, network, signal));
  const holders = await store.take(plan.grants.filter(({ isHeld }) => !isHeld).map(requestOf), signal);
  const taken = plan.grants.filter(({ network, isHeld }) => isHeld || holders.has(network.metadata.uid!));
  if (taken.length === 0) return [];
  const isFree = await lookAgain(options, signal);
  const failures: WriteFailure[] = [];
  await inTurns(taken.filter(isFree), async (grant) => {
    await writeNumber(options, grant, signal).catch((reason) => {
      if (!(reason instanceof KubeError)) throw reason;
      const { type, vni } = grant.segment;
      failures.push({ network: grant.network, problem: `does not take ${type} ${vni}: ${reason.message}`, reason });
    });
  });
  return failures;
}

function requestOf({ network, segment }: VniGrant): VniRequest {
  return { segment, owner: network.metadata.uid! };
}

/**
 * What a number must pass after it was taken and before it is written: a DanmNet or ClusterNetwork may have been made with
 * it, or the range withdrawn, while nobody held it. From now on admission knows that it is held.
 */
async function lookAgain(
  { surroundings }: VniGiverOptions,
  signal: AbortSignal,
): Promise<(grant: VniGrant) => boolean> {
  const [networks, configs] = await Promise.all([
    surroundings.latestNetworks(signal),
    surroundings.tenantConfigs(signal),
  ]);
  const config = configInForce(configs);
  const used = new Set(networks.map(segmentOf).filter((segment) => segment !== undefined).map(vniKey));
  return ({ segment }) => config !== undefined && offers(config, segment) && !used.has(vniKey(segment));
}

/** Writes the number, unless the network is another one by now or has changed what it waits for. */
async function writeNumber(
  { kube, group, given }: VniGiverOptions,
  grant: VniGrant,
  signal: AbortSignal,
): Promise<void> {
  const { network, segment } = grant;
  const wait = jsonPointer("metadata", "annotations", vniWaitAnnotation(group));
  const operations: readonly JsonPatchOperation[] = [
    { op: "test", path: "/metadata/uid", value: network.metadata.uid },
    { op: "test", path: wait, value: segment.type },
    { op: "remove", path: wait },
    { op: "add", path: jsonPointer("spec", "Options", segment.type), value: segment.vni },
  ];
  const { name, namespace } = network.metadata;
  const ref = { ...resourceFor("TenantNetwork", group), namespace, name };
  try {
    await kube.patch(ref, { type: "json", operations }, { signal, idempotent: true });
    given(grant);
  } catch (error) {
    if (isNotFound(error)) return; // the next plan releases what it holds
    if (!isInvalid(error)) throw error;
    const now = await kube.get<Network>(ref, { signal });
    const isSame = now.metadata.uid === network.metadata.uid &&
      segmentOf({ ...now, kind: "TenantNetwork" }) === undefined;
    if (isSame) throw error; // it was not a test that failed
  }
}

/** Takes away the annotation that named the owner of the number before it was the network's UID. */
async function removeMark({ kube, group }: VniGiverOptions, network: Network, signal: AbortSignal): Promise<void> {
  const { name, namespace, uid } = network.metadata;
  const body = { metadata: { uid, annotations: { [earlierOwnerAnnotation(group)]: null } } };
  const ref = { ...resourceFor("TenantNetwork", group), namespace, name };
  await kube.patch(ref, { type: "merge", body }, { signal, idempotent: true }).catch((error) => {
    if (!isNotFound(error)) throw error;
  });
}

/**
 * Does `work` for all, some at a time; each gets its turn though another failed.
 *
 * @throws the first failure
 */
async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const failures: unknown[] = [];
  const worker = async () => {
    for (const item of queue) await work(item).catch((reason) => failures.push(reason));
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
  if (failures.length > 0) throw failures[0];
}
