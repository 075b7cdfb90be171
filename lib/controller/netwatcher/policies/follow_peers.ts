/** All that policies name besides networks: Pods and namespaces by their labels, interfaces by their addresses. */

import type { DanmEp } from "../../../api/danm_ep.ts";
import { identityOf } from "../../../api/kube_object.ts";
import { portsAnnotation } from "../../../api/labels.ts";
import { podIdentityOf, podUids } from "../../../api/pod_uid.ts";
import { type ApiGroup, resourceFor } from "../../../api/resource.ts";
import type { Identified } from "../../../kube/watch/follow_collection.ts";
import type { Informer } from "../../../kube/watch/informer.ts";
import { parseAddress } from "../../../net/address.ts";
import type { Labels } from "../../../policy/label_selector.ts";
import { parsePorts } from "../../../policy/named_ports.ts";
import { networkKey } from "../../../policy/network_key.ts";
import type { PeerInterface } from "../../../policy/policy_world.ts";
import type { Daemon } from "../../daemon.ts";
import { watchResource } from "../../watch_resource.ts";

/** A Pod or a namespace as it is kept. */
export interface Labelled extends Identified {
  readonly labels: Labels;
  /** Every UID under which a Pod may be on record. */
  readonly uids: readonly string[];
}

/** A DanmEp as it is kept. */
export interface KeptEndpoint extends Identified {
  /** `networkKey()` of what the interface is attached to. */
  readonly network: string;
  readonly peer: PeerInterface;
  readonly podUid: string;
  /** Name of its node. */
  readonly host: string;
  /** Name of the interface in the Pod. */
  readonly ifName: string;
  /** PCI address of what it is made of; empty where that is no device. */
  readonly deviceId: string;
}

export interface PeerInformers {
  readonly namespaces: Informer<Labelled>;
  readonly pods: Informer<Labelled>;
  readonly endpoints: Informer<KeptEndpoint>;
}

/** Told of what matters to policies, and nothing else: Pods change often, their labels seldom. */
export interface PeerHandlers {
  /** A namespace, so that any rule may mean others now. */
  namespace(): void;
  /** By namespace and name of the Pod. */
  pod(key: string): void;
  /** By key of the network. */
  network(key: string): void;
}

/** Follows them, until `run()` of each ends. Of Pods and namespaces the API server is asked for metadata alone. */
export function followPeers(daemon: Daemon, tell: PeerHandlers): PeerInformers {
  const { apiGroup } = daemon;
  const core = (plural: string) => ({
    resource: { group: "", version: "v1", plural },
    name: `${plural}/metadata`,
    metadataOnly: true,
  });
  const namespaces = watchResource<Identified, Labelled>(
    daemon,
    { ...core("namespaces"), transform: keepLabels },
    ({ before, after }) => isRelabelled(before, after) && tell.namespace(),
  );
  const pods = watchResource<Identified, Labelled>(
    daemon,
    { ...core("pods"), transform: keepLabels },
    ({ key, before, after }) => isRelabelled(before, after) && tell.pod(key),
  );
  const endpoints = watchResource<DanmEp, KeptEndpoint>(
    daemon,
    { resource: resourceFor("DanmEp", apiGroup), transform: (endpoint) => keepEndpoint(endpoint, apiGroup) },
    ({ before, after }) => new Set([before, after]).forEach((each) => each && tell.network(each.network)),
  );
  return { namespaces, pods, endpoints };
}

function keepLabels({ metadata }: Identified): Labelled {
  return { metadata: podIdentityOf(metadata), labels: metadata.labels ?? {}, uids: podUids(metadata) };
}

function isRelabelled(before: Labelled | undefined, after: Labelled | undefined): boolean {
  return JSON.stringify([before?.uids, before?.labels]) !== JSON.stringify([after?.uids, after?.labels]);
}

function keepEndpoint({ metadata, spec }: DanmEp, group: ApiGroup): KeptEndpoint {
  const { namespace = "", annotations = {} } = metadata;
  const { Name: ifName, Address, AddressIPv6, DeviceID: deviceId } = spec.Interface;
  const { apiType: kind, NetworkName: name, NetworkNamespace = namespace } = spec;
  return {
    metadata: identityOf(metadata),
    network: networkKey({ kind, name, ...(kind !== "ClusterNetwork" && { namespace: NetworkNamespace }) }),
    peer: {
      pod: { namespace, name: spec.Pod },
      addresses: [Address, AddressIPv6].flatMap((text) => parseAddress(text.split("/")[0]!) ?? []),
      ports: parsePorts(annotations[portsAnnotation(group)] ?? ""),
    },
    podUid: spec.PodUID,
    host: spec.Host,
    ifName,
    deviceId,
  };
}
