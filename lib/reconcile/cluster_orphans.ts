/** What Pods and networks that are gone left in the cluster. */

import type { AddressBlock } from "../api/address_block.ts";
import type { DanmEpSpec } from "../api/danm_ep.ts";
import type { ObjectMeta } from "../api/kube_object.ts";
import type { AttachableRef } from "../api/attachable.ts";
import type { NetworkKind, NetworkRef } from "../api/network.ts";
import { parseOwner } from "../ipam/owner.ts";
import { formatAddress, parseAddress } from "../net/address.ts";

/** The part of a DanmEp that matters here. */
export interface EndpointView {
  readonly metadata: ObjectMeta;
  readonly spec: Pick<DanmEpSpec, "PodUID" | "Pod" | "apiType" | "NetworkName" | "NetworkNamespace" | "NetworkUID">;
}

/** The cluster as last seen. */
export interface ClusterView {
  /** UIDs of all Pods. */
  readonly pods: ReadonlySet<string>;
  /** UIDs of all networks of each kind. Of a kind that is missing here nothing is known. */
  readonly networks: ReadonlyMap<NetworkKind, ReadonlySet<string>>;
  readonly endpoints: readonly EndpointView[];
  readonly blocks: readonly Pick<AddressBlock, "metadata" | "spec">[];
}

interface OfHolder {
  /** UID of the Pod or, for a block, of the network, which was not seen. A UID is never used again, but a static Pod's. */
  readonly holder: string;
  readonly network: AttachableRef;
}

/** An address that a Pod holds. */
export interface OrphanAddress extends OfHolder {
  readonly what: "address";
  /** Name of the AddressBlock. */
  readonly block: string;
  readonly offset: number;
  readonly owner: string;
  /** As text, for people. */
  readonly address: string;
  /** Where the Pod was, as far as is known. */
  readonly namespace?: string;
}

/** A DanmEp of a Pod. */
export interface OrphanEndpoint extends OfHolder {
  readonly what: "endpoint";
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Name of the Pod. */
  readonly pod: string;
}

/** An AddressBlock of a network, in which nobody holds an address. */
export interface OrphanBlock extends OfHolder {
  readonly network: NetworkRef;
  readonly what: "block";
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export type Orphan = OrphanAddress | OrphanEndpoint | OrphanBlock;

/** Something of which cannot be told whose it is: it is nobody's to remove. */
export interface Unreadable {
  readonly object: "AddressBlock" | "DanmEp";
  /** Name of the object, after its namespace if it has one. */
  readonly name: string;
  /** What it says. */
  readonly text: string;
}

/** Everything whose holder is not among those of `view`; whether that is gone for good is for others to prove. */
export function findOrphans(view: ClusterView): { orphans: Orphan[]; unreadable: Unreadable[] } {
  const orphans: Orphan[] = [];
  const unreadable: Unreadable[] = [];
  for (const block of view.blocks) judgeBlock(view, block, orphans, unreadable);
  for (const endpoint of view.endpoints) judgeEndpoint(view, endpoint, orphans, unreadable);
  return { orphans, unreadable };
}

function judgeBlock(
  { pods, networks }: ClusterView,
  { metadata: { name, uid = "", resourceVersion = "" }, spec: { network, base, allocations = {} } }:
    ClusterView["blocks"][number],
  orphans: Orphan[],
  unreadable: Unreadable[],
): void {
  if (network === undefined) return; // VLAN and VXLAN numbers are the webhook's
  const taken = Object.entries(allocations);
  for (const [offset, text] of taken) {
    const owner = parseOwner(text);
    if (owner === undefined) unreadable.push({ object: "AddressBlock", name, text });
    if (owner === undefined || pods.has(owner.podUid)) continue;
    orphans.push({
      what: "address",
      holder: owner.podUid,
      network,
      block: name,
      offset: Number(offset),
      owner: text,
      address: addressAt(base, Number(offset)),
      ...(network.namespace !== undefined && { namespace: network.namespace }), // only its own Pods may use it
    });
  }
  const known = networks.get(network.kind);
  if (taken.length > 0 || known === undefined || known.has(network.uid)) return;
  orphans.push({ what: "block", holder: network.uid, network, name, uid, resourceVersion });
}

function judgeEndpoint(
  { pods }: ClusterView,
  { metadata: { namespace = "", name, uid = "" }, spec }: EndpointView,
  orphans: Orphan[],
  unreadable: Unreadable[],
): void {
  const { PodUID, Pod, apiType, NetworkName, NetworkNamespace = namespace, NetworkUID } = spec;
  if (pods.has(PodUID)) return;
  if (PodUID === "") {
    unreadable.push({ object: "DanmEp", name: `${namespace}/${name}`, text: "no PodUID" });
    return;
  }
  const network = { kind: apiType, name: NetworkName, uid: NetworkUID };
  orphans.push({
    what: "endpoint",
    holder: PodUID,
    network: apiType === "ClusterNetwork" ? network : { ...network, namespace: NetworkNamespace },
    namespace,
    name,
    uid,
    pod: Pod,
  });
}

function addressAt(base: string, offset: number): string {
  const first = parseAddress(base);
  return first ? formatAddress({ ...first, value: first.value + BigInt(offset) }) : `${base}+${offset}`;
}
