/** Asks the API server itself, past all caches, whether what seems to be gone is gone. */

import type { ObjectMeta } from "../../api/kube_object.ts";
import type { NetworkRef } from "../../api/network.ts";
import { podUids } from "../../api/pod_uid.ts";
import { type ApiGroup, resourceFor } from "../../api/resource.ts";
import type { KubeClient } from "../../kube/client/client.ts";
import { isNotFound, isNotServed } from "../../kube/client/kube_error.ts";
import { listPages } from "../../kube/client/list_pages.ts";
import type { Orphan, OrphanAddress, OrphanBlock, OrphanEndpoint } from "../../reconcile/cluster_orphans.ts";
import { namespacesToSearch } from "../../reconcile/orphan_search.ts";

const PODS = { group: "", version: "v1", plural: "pods" };
const PAGE_SIZE = 500;

interface Bare {
  readonly metadata: ObjectMeta;
}

/**
 * Those holders of `orphans` that cannot be proven gone. Every holder existed before its orphan was seen, and a UID
 * is never used again: so one that is missing from an answer which begins now will never be back, but for that of a static
 * Pod, which is waited for longer.
 */
export async function holdersThatLive(
  kube: KubeClient,
  group: ApiGroup,
  orphans: readonly Orphan[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const ofPods = orphans.filter((orphan) => orphan.what !== "block");
  const ofNetworks = orphans.filter((orphan) => orphan.what === "block");
  const [pods, networks] = await Promise.all([
    podsThatLive(kube, ofPods, signal),
    networksThatLive(kube, group, ofNetworks, signal),
  ]);
  return pods.union(networks);
}

/** Pods cannot be selected by UID, so all of a namespace are listed; only the UIDs that were asked for are kept. */
async function podsThatLive(
  kube: KubeClient,
  orphans: readonly (OrphanAddress | OrphanEndpoint)[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const asked = new Set(orphans.map(({ holder }) => holder));
  const living = new Set<string>();
  for (const namespace of namespacesToSearch(orphans) ?? [undefined]) {
    const pages = listPages<Bare>(kube, { ...PODS, namespace }, { metadataOnly: true, signal }, PAGE_SIZE);
    for await (const { items } of pages) {
      for (const uid of items.flatMap(({ metadata }) => podUids(metadata))) if (asked.has(uid)) living.add(uid);
    }
  }
  return living;
}

async function networksThatLive(
  kube: KubeClient,
  group: ApiGroup,
  orphans: readonly OrphanBlock[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const asked = new Map(orphans.map(({ holder, network }) => [holder, network]));
  const living = new Set<string>();
  for (const [uid, network] of asked) {
    if (!await isNetworkGone(kube, group, network, signal)) living.add(uid);
  }
  return living;
}

async function isNetworkGone(
  kube: KubeClient,
  group: ApiGroup,
  { kind, namespace, name, uid }: NetworkRef,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const ref = { ...resourceFor(kind, group), name, namespace };
    return (await kube.get<Bare>(ref, { metadataOnly: true, signal })).metadata.uid !== uid;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return !isNotServed(error); // of a kind that is not served nobody knows what there is
  }
}
