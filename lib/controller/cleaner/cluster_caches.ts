/** The cluster as the cleaner follows it. */

import type { AddressBlock } from "../../api/address_block.ts";
import type { DanmEp } from "../../api/danm_ep.ts";
import { identityOf } from "../../api/kube_object.ts";
import { NETWORK_KINDS } from "../../api/network.ts";
import { podIdentityOf, podUids } from "../../api/pod_uid.ts";
import { resourceFor } from "../../api/resource.ts";
import type { Identified } from "../../kube/watch/follow_collection.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import type { ClusterView, EndpointView } from "../../reconcile/cluster_orphans.ts";
import type { Daemon } from "../daemon.ts";
import type { Task } from "../run_together.ts";
import { watchResource } from "../watch_resource.ts";

/** Caches of everything the cleaner judges by. */
export interface ClusterCaches {
  readonly informers: readonly Informer<unknown>[];
  readonly tasks: readonly Task[];
  /**
   * The cluster; undefined while the API server has not confirmed of each of the caches that nothing is missing, or that it
   * does not serve the type: of such a kind of network nothing is known.
   */
  view(): ClusterView | undefined;
}

/** Follows Pods, networks, DanmEps and AddressBlocks. Nothing is kept of them but what decisions need. */
export function watchCluster(daemon: Daemon): ClusterCaches {
  const { apiGroup } = daemon;
  const nothing = () => {};
  const bare = { metadataOnly: true, transform: ({ metadata }: Identified) => ({ metadata: identityOf(metadata) }) };
  const pods = watchResource(daemon, {
    resource: { group: "", version: "v1", plural: "pods" },
    metadataOnly: true,
    transform: ({ metadata }: Identified) => ({ metadata: podIdentityOf(metadata) }),
  }, nothing);
  const networks = NETWORK_KINDS.map((kind) => ({
    kind,
    informer: watchResource(daemon, { resource: resourceFor(kind, apiGroup), ...bare }, nothing),
  }));
  const endpoints = watchResource<DanmEp, EndpointView>(daemon, {
    resource: resourceFor("DanmEp", apiGroup),
    transform: endpointView,
  }, nothing);
  const blocks = watchResource<AddressBlock>(daemon, {
    resource: resourceFor("AddressBlock", apiGroup),
    transform: blockView,
  }, nothing);
  const informers = [pods, ...networks.map(({ informer }) => informer), endpoints, blocks];
  return {
    informers,
    tasks: informers.map(({ run }) => run),
    view() {
      if (informers.some(({ isCurrent, isAbsent }) => !isCurrent && !isAbsent)) return undefined;
      return {
        pods: new Set(pods.list().flatMap(({ metadata }) => podUids(metadata))),
        networks: new Map(
          networks.filter(({ informer }) => informer.served).map(({ kind, informer }) => [kind, uidsOf(informer)]),
        ),
        endpoints: endpoints.list(),
        blocks: blocks.list(),
      };
    },
  };
}

function uidsOf(informer: Informer<Identified>): ReadonlySet<string> {
  return new Set(informer.list().map(({ metadata }) => metadata.uid ?? ""));
}

/** The original system's DanmEps have no NetworkUID, its early ones no PodUID either: whose they are cannot be told. */
function endpointView({ metadata, spec }: DanmEp): EndpointView {
  const { PodUID = "", Pod, apiType, NetworkName, NetworkNamespace, NetworkUID = "" } = spec;
  const network = { apiType, NetworkName, NetworkUID, ...(NetworkNamespace !== undefined && { NetworkNamespace }) };
  return { metadata: identityOf(metadata), spec: { PodUID, Pod, ...network } };
}

function blockView({ apiVersion, kind, metadata, spec }: AddressBlock): AddressBlock {
  const { released: _, ...rest } = spec;
  return { apiVersion, kind, metadata: identityOf(metadata), spec: rest };
}
