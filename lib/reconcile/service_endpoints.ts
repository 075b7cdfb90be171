/** The endpoints of a Service: addresses of Pods on the networks it names. */

import type { AttachableKind } from "../api/attachable.ts";
import type { IpFamily } from "../api/address_block.ts";
import type { DanmEp, DanmEpInterface } from "../api/danm_ep.ts";
import type { Endpoint, EndpointHints, EndpointPort } from "../api/endpoint_slice.ts";
import { identityOf, type ObjectMeta } from "../api/kube_object.ts";
import type { Pod } from "../api/pod.ts";
import { podIdentityOf, podUids } from "../api/pod_uid.ts";
import type { ServicePort } from "../api/service.ts";
import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import { contains, parseSubnet } from "../net/subnet.ts";
import { isSelected, type NamedNetwork } from "./service_selector.ts";
import type { ServiceDemand, ServiceView } from "./service_view.ts";

/** A Pod, reduced to what endpoints depend on. */
export interface PodView {
  readonly metadata: ObjectMeta;
  readonly nodeName?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  /** Whether all its containers have ended for good. */
  readonly ended: boolean;
  readonly ready: boolean;
}

/** A DanmEp, reduced to what endpoints depend on. */
export interface InterfaceView {
  readonly metadata: ObjectMeta;
  /** The UID is empty in early records of the original system. */
  readonly pod: { readonly name: string; readonly uid: string };
  /** The Pod's sandbox container that it was made in. */
  readonly sandbox: string;
  readonly network: { readonly kind: AttachableKind; readonly name: string };
  readonly addresses: readonly Address[];
}

/** A Pod and its interfaces. */
export interface ServicePod {
  readonly pod: PodView;
  /** Of its node, where that has one. */
  readonly zone?: string | undefined;
  readonly interfaces: readonly InterfaceView[];
}

/** The endpoints of one address family. */
export interface ServiceEndpoints {
  readonly endpoints: readonly Endpoint[];
  /** Addresses that the API server takes for no endpoint. */
  readonly unusable: readonly string[];
}

/** Reduces `pod`. */
export function viewPod({ metadata, spec, status }: Pod): PodView {
  const { nodeName, hostname, subdomain } = spec;
  const { labels, deletionTimestamp } = metadata;
  return {
    metadata: {
      ...podIdentityOf(metadata),
      ...(labels && { labels }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    },
    ...(nodeName && { nodeName }),
    ...(hostname && { hostname }),
    ...(subdomain && { subdomain }),
    ended: status?.phase === "Succeeded" || status?.phase === "Failed",
    ready: status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
  };
}

/**
 * Reduces `danmEp`. Of its addresses only those are kept that are there: it may have none. Records of the original system
 * may lack fields that the schema demands.
 */
export function viewInterface({ metadata, spec }: DanmEp): InterfaceView {
  const { Pod, PodUID = "", CID = "", apiType, NetworkName } = spec;
  const { creationTimestamp } = metadata;
  const { Address = "", AddressIPv6 = "" }: Partial<DanmEpInterface> = spec.Interface ?? {};
  return {
    metadata: { ...identityOf(metadata), ...(creationTimestamp !== undefined && { creationTimestamp }) },
    pod: { name: Pod, uid: PodUID },
    sandbox: CID,
    network: { kind: apiType, name: NetworkName },
    addresses: [Address, AddressIPv6].flatMap((text) => parseAddress(text.split("/")[0]!) ?? []),
  };
}

/** Whether `demand` selects a Pod with these labels. */
export function selects({ selector }: ServiceDemand, { metadata }: PodView): boolean {
  return isSelected(selector, metadata.labels);
}

/**
 * The endpoints of `service` in one family, by address: one for each address that a selected Pod has on one of the
 * networks, in its newest sandbox. A Pod that has ended has none, whatever its DanmEps say; one that is not ready has endpoints that are not.
 *
 * Source: Kubernetes API, discovery.k8s.io/v1 EndpointConditions.
 *
 * @param pods selected ones, all of the Service's namespace
 */
export function endpointsOf(
  { metadata: { name } }: Pick<ServiceView, "metadata">,
  demand: ServiceDemand,
  pods: readonly ServicePod[],
  family: IpFamily,
): ServiceEndpoints {
  const endpoints = new Map<string, Endpoint>();
  const unusable = new Set<string>();
  for (const { pod, interfaces, zone } of pods) {
    if (pod.ended) continue;
    for (const { addresses } of currentInterfaces(pod, interfaces).filter((each) => isOn(each, demand.networks))) {
      for (const address of addresses.filter((each) => each.family === (family === "IPv4" ? 4 : 6))) {
        const text = formatAddress(address);
        const endpoint = endpointOf(text, { pod, zone }, name, demand);
        if (isSpecial(address)) unusable.add(text);
        else endpoints.set(endpointKey(endpoint), endpoint);
      }
    }
  }
  return { endpoints: [...endpoints.values()], unusable: [...unusable] };
}

/** Tells endpoints apart: an address of a Pod. Two Pods may have the same one, on two networks. */
export function endpointKey({ addresses, targetRef }: Endpoint): string {
  return `${addresses.join(",")} ${targetRef?.uid ?? ""}`;
}

/**
 * Those of `interfaces` that the Pod has now. A Pod has one sandbox at a time, so what others of it left, when their node
 * lost power, leads nowhere, even before its record is taken back.
 */
function currentInterfaces(pod: PodView, interfaces: readonly InterfaceView[]): InterfaceView[] {
  const own = interfaces.filter((each) => belongs(each, pod));
  const newest = own.reduce<InterfaceView | undefined>(
    (latest, each) => latest === undefined || isNewer(each, latest) ? each : latest,
    undefined,
  );
  return own.filter(({ sandbox }) => sandbox === newest?.sandbox);
}

/** Creation times are in whole seconds. Within one, versions tell: source: Kubernetes API concepts, "Resource versions". */
function isNewer({ metadata: a }: InterfaceView, { metadata: b }: InterfaceView): boolean {
  const [timeA, timeB] = [a, b].map(({ creationTimestamp = "" }) => Date.parse(creationTimestamp) || 0);
  if (timeA !== timeB) return timeA! > timeB!;
  return compareVersions(a.resourceVersion ?? "", b.resourceVersion ?? "") > 0;
}

/** Versions are numbers without leading zeros, of any size. */
function compareVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Whether it is this very Pod's, and not that of an earlier one of its name, as far as the record says. */
function belongs({ pod }: InterfaceView, { metadata }: PodView): boolean {
  return pod.uid === "" || podUids(metadata).includes(pod.uid);
}

/** Whether it is attached to one of `networks`. */
export function isOn({ network }: InterfaceView, networks: readonly NamedNetwork[]): boolean {
  return networks.some(({ kind, name }) => kind === network.kind && name === network.name);
}

function endpointOf(
  address: string,
  { pod, zone }: Pick<ServicePod, "pod" | "zone">,
  service: string,
  { publishNotReady, preferred }: ServiceDemand,
): Endpoint {
  const { namespace = "", name, uid = "", deletionTimestamp } = pod.metadata;
  const terminating = deletionTimestamp !== undefined;
  const ready = publishNotReady || (pod.ready && !terminating);
  const hints = ready ? endpointHints(preferred, zone, pod.nodeName) : undefined;
  return {
    addresses: [address],
    conditions: {
      ready,
      serving: pod.ready,
      terminating,
    },
    ...(pod.hostname && pod.subdomain === service && { hostname: pod.hostname }),
    ...(pod.nodeName && { nodeName: pod.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(zone !== undefined && { zone }),
    ...(hints && { hints }),
  };
}

/** The hints that Kubernetes' own controller gives ready endpoints. Source: k8s.io/endpointslice, trafficdist. */
function endpointHints(
  preferred: ServiceDemand["preferred"],
  zone: string | undefined,
  nodeName: string | undefined,
): EndpointHints | undefined {
  const forZones = preferred !== undefined && zone !== undefined ? { forZones: [{ name: zone }] } : undefined;
  const forNodes = preferred === "node" && nodeName !== undefined ? { forNodes: [{ name: nodeName }] } : undefined;
  return forZones || forNodes ? { ...forZones, ...forNodes } : undefined;
}

/** What the API server refuses as an endpoint: unspecified, loopback, link-local. Source: its ValidateEndpointIP. */
const SPECIAL = ["0.0.0.0/32", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/24", "::/128", "::1/128", "fe80::/10"]
  .map((text) => parseSubnet(text)!);

function isSpecial(address: Address): boolean {
  return SPECIAL.some((subnet) => contains(subnet, address));
}

/** The ports of `demand` as endpoints have them: a Service without a proxy leads to the very port it names. */
export function endpointPorts({ ports }: ServiceDemand): EndpointPort[] {
  return ports.map(({ name = "", port, protocol = "TCP", appProtocol }: ServicePort) => ({
    name,
    port,
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  }));
}
