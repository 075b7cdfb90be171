/** What is wrong with DANM's records in a cluster, and what to do about it. */

import type { DanmEp } from "../api/danm_ep.ts";
import type { Network } from "../api/network.ts";
import { isDynamicBackend, networkType } from "../api/network_type.ts";
import { podUids } from "../api/pod_uid.ts";
import { parseOwner } from "../ipam/owner.ts";
import { formatAddress } from "../net/address.ts";
import { addressesOf, networkText } from "./network_names.ts";
import { holdingsIn, poolText, poolUsage } from "./pool_usage.ts";
import type { Section } from "./report.ts";
import { isWhole, type Snapshot } from "./snapshot.ts";

/** One thing that is not as it must be. */
export interface Finding {
  /** The object, as reports name it. */
  readonly object: string;
  readonly problem: string;
  readonly advice: string;
}

/** From which share of its addresses on a pool is nearly full. */
export const NEARLY_FULL = 0.9;

const CLEANER = "the cleaner frees it within minutes; if it stays, look at the cleaner's log";

/** Everything that the objects themselves show; what depends on lists the user cannot read is not looked for. */
export function findings(snapshot: Snapshot): Finding[] {
  return [
    ...fullPools(snapshot),
    ...(isWhole(snapshot, "pods") ? lostRecords(snapshot) : []),
    ...(isWhole(snapshot, "pods", "blocks") ? lostAddresses(snapshot) : []),
    ...(isWhole(snapshot, "blocks", "networks") ? lostBlocks(snapshot) : []),
    ...doubleOwners(snapshot),
    ...(isWhole(snapshot, "blocks", "networks") ? unheldAddresses(snapshot) : []),
  ];
}

/** Whether two looks found the same. */
export function isSameFinding(a: Finding, b: Finding): boolean {
  return a.object === b.object && a.problem === b.problem;
}

/** Findings as a table. */
export function findingsSection(found: readonly Finding[]): Section {
  const rows = found.map(({ object, problem, advice }) => [object, problem, advice]);
  return { name: "findings", columns: ["object", "problem", "advice"], rows };
}

function fullPools({ networks, blocks }: Snapshot): Finding[] {
  return networks.flatMap((network) => {
    const usage = poolUsage(network, blocks);
    const object = networkText(network);
    if (typeof usage === "string") return [{ object, problem: usage, advice: "mend the network's options" }];
    return usage.filter(({ size, used }) => used >= size * NEARLY_FULL).map((pool) => ({
      object,
      problem: `${pool.used} of ${pool.size} addresses of ${poolText(pool)} are in use`,
      advice: "make the pool larger, or move Pods to another network",
    }));
  });
}

function knownUids({ pods }: Snapshot): Set<string> {
  return new Set(pods.flatMap(({ metadata }) => podUids(metadata)));
}

function recordText({ metadata: { namespace, name } }: DanmEp): string {
  return `DanmEp/${namespace}/${name}`;
}

function lostRecords(snapshot: Snapshot): Finding[] {
  const known = knownUids(snapshot);
  const lost = snapshot.endpoints.filter(({ spec }) => spec.PodUID !== "" && !known.has(spec.PodUID));
  return lost.map((endpoint) => ({
    object: recordText(endpoint),
    problem: `its Pod ${endpoint.metadata.namespace}/${endpoint.spec.Pod} (${endpoint.spec.PodUID}) is gone`,
    advice: CLEANER,
  }));
}

/** Those that a record names are found with it. */
function lostAddresses(snapshot: Snapshot): Finding[] {
  const known = knownUids(snapshot);
  const recorded = new Set(snapshot.endpoints.map(({ spec }) => spec.EndpointID));
  return snapshot.blocks.flatMap((block) =>
    holdingsIn(block).flatMap(({ address, owner }) => {
      const uid = parseOwner(owner)?.podUid;
      if (uid !== undefined && known.has(uid) || recorded.has(owner)) return [];
      const problem = `${formatAddress(address)} is held by ${uid === undefined ? owner : `Pod ${uid}, which is gone`}`;
      const advice = uid === undefined ? "kubectl danm import-original --release-unrecorded releases it" : CLEANER;
      return [{ object: `AddressBlock/${block.metadata.name}`, problem, advice }];
    })
  );
}

function lostBlocks({ blocks, networks }: Snapshot): Finding[] {
  const uids = new Set(networks.map(({ metadata }) => metadata.uid));
  return blocks.filter(({ spec }) => spec.network && !uids.has(spec.network.uid)).map(({ metadata, spec }) => ({
    object: `AddressBlock/${metadata.name}`,
    problem: `its network ${spec.network!.kind} ${spec.network!.name} is gone`,
    advice: "the cleaner deletes it when no Pod has an address of it any more",
  }));
}

/** Sandboxes of one Pod may follow one another with the same address; two Pods may not. */
function doubleOwners({ endpoints }: Snapshot): Finding[] {
  const byAddress = new Map<string, DanmEp[]>();
  for (const endpoint of endpoints) {
    for (const address of addressesOf(endpoint)) {
      const key = `${endpoint.spec.NetworkUID} ${address}`;
      byAddress.set(key, [...byAddress.get(key) ?? [], endpoint]);
    }
  }
  return [...byAddress].flatMap(([key, holders]) => {
    const [first, ...others] = holders;
    const other = others.find(({ spec }) => spec.PodUID !== first!.spec.PodUID);
    if (!first || !other) return [];
    const names = [first, other].map(({ metadata, spec }) => `${metadata.namespace}/${spec.Pod}`).join(" and ");
    const advice = "delete the younger Pod, so that it gets another address";
    return [{ object: recordText(other), problem: `Pods ${names} both have ${key.split(" ")[1]}`, advice }];
  });
}

/** Static delegates may have addresses of their own, and bitmaps of the original hold what no block does. */
function keepsBlocks(network: Network): boolean {
  const usage = isDynamicBackend(networkType(network)) ? poolUsage(network, []) : [];
  return typeof usage !== "string" && usage.length > 0 && usage.every(({ pool }) => !pool.legacy);
}

/** An address on a wire that nobody holds would be given out again. */
function unheldAddresses({ networks, blocks, endpoints }: Snapshot): Finding[] {
  const held = new Set(
    blocks.flatMap((block) =>
      holdingsIn(block).map(({ address }) => `${block.spec.network!.uid} ${formatAddress(address)}`)
    ),
  );
  const pooled = new Set(networks.filter(keepsBlocks).map(({ metadata }) => metadata.uid));
  return endpoints.filter(({ spec }) => pooled.has(spec.NetworkUID)).flatMap((endpoint) =>
    addressesOf(endpoint).filter((address) => !held.has(`${endpoint.spec.NetworkUID} ${address}`)).map((address) => ({
      object: recordText(endpoint),
      problem:
        `Pod ${endpoint.metadata.namespace}/${endpoint.spec.Pod} has ${address}, which no AddressBlock says is held`,
      advice: "delete the Pod, so that it is attached anew",
    }))
  );
}
