/** Moves what the original system kept of one network to where DANM keeps it. */

import { type Network, type NetworkKind, networkOptions, networkRef } from "../../../api/network.ts";
import { resourceFor } from "../../../api/resource.ts";
import { importAnnotation, importMark } from "../../../admit/import_mark.ts";
import { holdings, type LegacyEndpoint, recordsIn, UNRECORDED_OWNER } from "../../../ipam/legacy_import.ts";
import { describeOwner } from "../../../ipam/owner.ts";
import { type Pool, poolOf } from "../../../ipam/pool.ts";
import { isConflict, isNotFound } from "../../../kube/client/kube_error.ts";
import { formatAddress } from "../../../net/address.ts";
import { adoptEndpoint } from "./adopt_endpoint.ts";
import { type Held, holdAddresses } from "./hold_addresses.ts";
import type { ImportContext } from "./import_context.ts";
import { readLegacyEndpoints } from "./read_endpoints.ts";

/** Groups of blocks at a time. */
const AT_A_TIME = 8;

/** Which network. */
export interface NetworkName {
  readonly kind: NetworkKind;
  /** Absent for a ClusterNetwork. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** What was found, and is held and recorded now. */
export interface ImportOutcome {
  /** Whether the network had bitmaps. */
  readonly hadBitmaps: boolean;
  /** Addresses of bitmaps and of the original's DanmEps. */
  readonly held: { readonly pods: number; readonly unrecorded: number };
  /** The original's DanmEps. */
  readonly endpoints: number;
  /** Addresses that two Pods have, in sentences. */
  readonly troubles: readonly string[];
}

/**
 * Imports one network, in this order: its addresses are held in blocks; then its DanmEps name those owners; then the
 * bitmaps go, unless the network has changed, in which case all begins anew. So an address is given out at no moment,
 * and an import that was interrupted anywhere is continued by the next one.
 *
 * @returns undefined when the network does not exist
 * @throws {PoolError} when its fields make no sense
 */
export async function importNetwork(context: ImportContext, name: NetworkName): Promise<ImportOutcome | undefined> {
  for (let endpointsBefore = 0;;) {
    const network = await readNetwork(context, name);
    if (network === undefined) return undefined;
    const endpoints = await readLegacyEndpoints(context, network);
    const { alloc, alloc6 } = networkOptions(network);
    const hadBitmaps = alloc !== undefined || alloc6 !== undefined;
    const addresses = await holdAll(context, network, endpoints);
    const outcome = { hadBitmaps, endpoints: endpointsBefore + endpoints.length, ...addresses };
    if (context.dryRun) return outcome;
    const adopted = await adoptAll(context, network, endpoints);
    if (adopted === endpoints.length && (!hadBitmaps || await removeBitmaps(context, network))) return outcome;
    endpointsBefore += adopted;
  }
}

async function readNetwork(
  { kube, group, signal }: Pick<ImportContext, "kube" | "group" | "signal">,
  { kind, ...rest }: NetworkName,
): Promise<Network | undefined> {
  try {
    return { ...await kube.get<Network>({ ...resourceFor(kind, group), ...rest }, { signal }), kind } as Network;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Resolves to how many were still there as they were read. */
async function adoptAll(
  context: ImportContext,
  network: Network,
  endpoints: readonly LegacyEndpoint[],
): Promise<number> {
  const rest = endpoints.values();
  let adopted = 0;
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    for (const endpoint of rest) adopted += Number(await adoptEndpoint(context, networkRef(network), endpoint));
  }));
  return adopted;
}

async function holdAll(
  context: ImportContext,
  network: Network,
  endpoints: readonly LegacyEndpoint[],
): Promise<Pick<ImportOutcome, "held" | "troubles">> {
  const held = { pods: 0, unrecorded: 0 };
  const troubles: string[] = [];
  for (const family of [4, 6] as const) {
    const pool = poolOf(network, family);
    if (pool === undefined) continue;
    const { legacy: _, ...bare } = pool;
    const { owners, doubles } = recordsIn(pool, endpoints);
    for (const { address, holder, other } of doubles) {
      troubles.push(
        `${formatAddress(address)} has two DanmEps: ${nameOf(holder)}, which keeps it, and ${nameOf(other)}`,
      );
    }
    const groups = holdings(pool, owners);
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (const group of groups) {
        for (const each of await holdAddresses(context, bare, group)) {
          held[kindOf(each)]++;
          if (isStolen(each)) troubles.push(theft(pool, each));
        }
      }
    }));
  }
  return { held, troubles };
}

function kindOf({ owner }: Held): keyof ImportOutcome["held"] {
  return owner === UNRECORDED_OWNER ? "unrecorded" : "pods";
}

/** Whether a DanmEp of the original names an address that another owner holds. */
function isStolen({ wanted, owner }: Held): boolean {
  return wanted !== owner && wanted !== UNRECORDED_OWNER;
}

function theft({ family }: Pool, { value, wanted, owner }: Held): string {
  const address = formatAddress({ family, value });
  return `${address} of ${describeOwner(wanted)} is held by ${describeOwner(owner)}, and stays so`;
}

function nameOf({ endpoint: { metadata, spec } }: LegacyEndpoint): string {
  return `${metadata.name} of Pod ${metadata.namespace}/${spec.Pod}`;
}

/** Resolves to false when the network has changed since it was read. */
async function removeBitmaps({ kube, group, signal }: ImportContext, network: Network): Promise<boolean> {
  const { kind, metadata: { namespace, name, resourceVersion, uid } } = network;
  const mark = importMark(network, new Date());
  const annotations = { [importAnnotation(group)]: mark };
  const body = {
    metadata: { resourceVersion, uid, annotations },
    spec: { Options: { alloc: null, alloc6: null } },
  };
  try {
    await kube.patch({ ...resourceFor(kind, group), namespace, name }, { type: "merge", body }, {
      signal,
      idempotent: true,
    });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    if (!isConflict(error)) throw error;
    const now = await readNetwork({ kube, group, signal }, { kind, namespace, name });
    return now?.metadata.annotations?.[importAnnotation(group)] === mark; // then only the answer was lost
  }
}
