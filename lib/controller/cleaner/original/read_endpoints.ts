/** The DanmEps that the original system wrote for a network, and their Pods. */

import type { DanmEp } from "../../../api/danm_ep.ts";
import type { ObjectMeta } from "../../../api/kube_object.ts";
import type { Network } from "../../../api/network.ts";
import { podUid, podUids } from "../../../api/pod_uid.ts";
import { resourceFor } from "../../../api/resource.ts";
import { type KnownPods, type LegacyEndpoint, legacyEndpoint } from "../../../ipam/legacy_import.ts";
import { listAll } from "../../../kube/client/list_all.ts";
import type { ImportContext } from "./import_context.ts";

/** Those of `network`. They name it, but not by UID, and carry no label of DANM's. */
export async function readLegacyEndpoints(
  context: ImportContext,
  { kind, metadata: { namespace, name } }: Network,
): Promise<LegacyEndpoint[]> {
  const { kube, group, signal } = context;
  const all = await listAll<DanmEp>(kube, { ...resourceFor("DanmEp", group), namespace }, { signal });
  const legacy = all.filter(({ spec }) => !spec.NetworkUID && spec.apiType === kind && spec.NetworkName === name);
  // Only now: a Pod that is missing from an answer that begins after its DanmEp was seen is gone.
  const pods = await readPods(context, new Set(legacy.flatMap(({ metadata }) => metadata.namespace ?? [])));
  return legacy.map((endpoint) => legacyEndpoint(endpoint, pods));
}

async function readPods({ kube, signal }: ImportContext, namespaces: ReadonlySet<string>): Promise<KnownPods> {
  const byName = new Map<string, string>();
  const byUid = new Map<string, string>();
  const mirrored = new Map<string, string>();
  for (const namespace of namespaces) {
    const ref = { group: "", version: "v1", plural: "pods", namespace };
    const pods = await listAll<{ readonly metadata: ObjectMeta }>(kube, ref, { metadataOnly: true, signal });
    for (const { metadata } of pods) {
      const known = podUid(metadata);
      const name = `${namespace}/${metadata.name}`;
      byName.set(name, known);
      if (known !== metadata.uid) mirrored.set(name, known);
      for (const uid of podUids(metadata)) byUid.set(uid, known);
    }
  }
  return { byName, byUid, mirrored };
}
