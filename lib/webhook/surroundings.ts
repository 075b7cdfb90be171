/** What has to be looked up to judge a request. */

import type { DanmEp } from "../api/danm_ep.ts";
import { labelKeys } from "../api/labels.ts";
import { type Network, NETWORK_KINDS } from "../api/network.ts";
import { type ApiGroup, type Kind, resourceFor } from "../api/resource.ts";
import type { TenantConfig } from "../api/tenant_config.ts";
import { importAnnotation, isImported } from "../admit/import_mark.ts";
import type { Segment } from "../admit/network_review.ts";
import { createVniStore, type VniStore } from "../kube/blocks/vni_store.ts";
import type { KubeClient } from "../kube/client/client.ts";
import type { Informer } from "../kube/watch/informer.ts";
import { isNotServed } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import type { AdmissionRequest } from "./admission_review.ts";

/** The cluster, as far as verdicts depend on it. */
export interface Surroundings {
  readonly group: ApiGroup;
  readonly store: VniStore;
  /** All networks as last seen, a moment ago at most. */
  networks(signal: AbortSignal): Promise<readonly Network[]>;
  /** All networks, as of now. */
  latestNetworks(signal: AbortSignal): Promise<readonly Network[]>;
  /** UIDs of the TenantNetworks that were there when last seen. */
  knownTenants(): ReadonlySet<string>;
  /** The network that holds the number of `segment`; undefined when nobody does, or no network that is there now. */
  holder(segment: Segment, signal: AbortSignal): Promise<Network | undefined>;
  /** All TenantConfigs, as of now. */
  tenantConfigs(signal: AbortSignal): Promise<readonly TenantConfig[]>;
  /** DanmEps of `network`, as of now; `limit` of them at most. */
  attached(network: Network, limit: number | undefined, signal: AbortSignal): Promise<readonly DanmEp[]>;
  /** Whether the request makes an object of a backup, and its user may do that. */
  isRestore(request: AdmissionRequest, signal: AbortSignal): Promise<boolean>;
  /** Whether the request says that it imported the bitmaps of `before`, and its user may do that. */
  isImport(network: Network, before: Network, request: AdmissionRequest, signal: AbortSignal): Promise<boolean>;
}

/** Informers of the three kinds of network. Their objects carry no kind; this one's do. */
export type NetworkCaches = Readonly<Record<Network["kind"], Informer<Network>>>;

/** The annotation by which somebody says that an object comes from a backup. */
export function restoreAnnotation(group: ApiGroup): string {
  return `${group}/restore`;
}

/** The surroundings in the cluster that `kube` reaches. */
export function createSurroundings(kube: KubeClient, group: ApiGroup, caches: NetworkCaches): Surroundings {
  const store = createVniStore(kube, group);
  const listKind = <T>(kind: Kind, signal: AbortSignal): Promise<readonly T[]> =>
    unlessAbsent(listAll<T>(kube, resourceFor(kind, group), { signal }));
  const latest = async (kind: Network["kind"], signal: AbortSignal) =>
    (await listKind<Network>(kind, signal)).map((item) => ({ ...item, kind }) as Network);
  const latestNetworks = async (signal: AbortSignal) =>
    (await Promise.all(NETWORK_KINDS.map((kind) => latest(kind, signal)))).flat();
  return {
    group,
    store,
    latestNetworks,
    knownTenants: () => new Set(caches.TenantNetwork.list().flatMap(({ metadata }) => metadata.uid ?? [])),
    async holder(segment, signal) {
      const owner = await store.holder(segment, signal);
      if (owner === undefined) return undefined;
      return (await latest("TenantNetwork", signal)).find(({ metadata }) => metadata.uid === owner);
    },
    async networks(signal) {
      const known = NETWORK_KINDS.map(async (kind) => {
        const cache = caches[kind];
        if (cache.isCurrent) return cache.list(); // which no kind is that was not served a moment ago
        return await latest(kind, signal);
      });
      return (await Promise.all(known)).flat();
    },
    tenantConfigs: (signal) => listKind("TenantConfig", signal),
    async attached({ metadata: { namespace, uid } }, limit, signal) {
      const ref = { ...resourceFor("DanmEp", group), namespace };
      const options = { labelSelector: `${labelKeys(group).networkUid}=${uid}`, signal };
      if (limit === undefined) return await unlessAbsent(listAll<DanmEp>(kube, ref, options));
      return await unlessAbsent(kube.list<DanmEp>(ref, { ...options, limit }).then(({ items }) => items));
    },
    async isRestore(request, signal) {
      const annotations = (request.object as Network | undefined)?.metadata.annotations;
      if (annotations?.[restoreAnnotation(group)] !== "true") return false;
      return await mayDo(kube, request, "restore", signal);
    },
    async isImport(network, before, request, signal) {
      if (!isImported(network, before, importAnnotation(group))) return false;
      return await mayDo(kube, request, "import", signal);
    },
  };
}

/** What `list` resolves to; nothing when its type is not installed: of the two install sets only one may be there. */
async function unlessAbsent<T>(list: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await list;
  } catch (error) {
    if (isNotServed(error)) return [];
    throw error;
  }
}

/** Whether the user of a request may do `verb` with its object. Source: authorization.k8s.io/v1 SubjectAccessReview. */
async function mayDo(
  kube: KubeClient,
  { userInfo, kind: { group, kind }, namespace, name }: AdmissionRequest,
  verb: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { username, uid, groups, extra } = userInfo;
  const { plural: resource } = resourceFor(kind as Kind, group as ApiGroup);
  const resourceAttributes = { group, resource, namespace, name, verb };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: username, uid, groups, extra, resourceAttributes },
  };
  const ref = { group: "authorization.k8s.io", version: "v1", plural: "subjectaccessreviews" };
  const answer = await kube.create<{ status?: { allowed?: boolean } }>(ref, review, { signal, idempotent: true });
  return answer.status?.allowed === true;
}
