/** DanmEps: the cluster's record of one interface of one Pod. */

import { attachableRef } from "../api/attachable.ts";
import { DEFINITION_KIND } from "../api/attachment_definition.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import { labelKeys, portsAnnotation } from "../api/labels.ts";
import type { PodName } from "../api/pod.ts";
import { apiVersionOf, resourceFor } from "../api/resource.ts";
import type { InterfacePlan } from "../attach/interface_plan.ts";
import { formatAddress } from "../net/address.ts";
import { formatSubnet } from "../net/subnet.ts";
import { formatPorts } from "../policy/named_ports.ts";
import { hashKey } from "../ipam/hash.ts";
import { parseOwner } from "../ipam/owner.ts";
import { isAlreadyExists, isNotFound } from "../kube/client/kube_error.ts";
import type { DelegateTarget } from "../delegate/delegate_chain.ts";
import { configPart, type JournalName, parseJournalName } from "../host/journal/journal_path.ts";
import type { BeginEntry } from "./attachment_entry.ts";
import type { InterfaceSetup } from "./interface_setup.ts";
import type { NodeServices } from "./node_services.ts";
import { TraceError } from "./trace_error.ts";

/** The longest start of a Pod's name that leaves room for hash and index in a DNS-1123 name of 253 characters. */
const MAX_POD_NAME = 230;

/**
 * The name of a DanmEp: the same for every attempt to attach the same interface, another one for any other.
 *
 * @param attachment its key
 */
export function endpointName(pod: { name: string; uid: string }, attachment: string, index: number): string {
  const start = pod.name.slice(0, MAX_POD_NAME).replace(/[-.]+$/, ""); // no part of a name may end in these
  return `${start}-${hashKey(`${pod.uid}/${attachment}`)}-${index}`;
}

/** Everything a DanmEp is made of. */
export interface EndpointSource {
  readonly begin: BeginEntry;
  /** As the runtime asked. */
  readonly target: DelegateTarget;
  readonly owner: string;
  readonly plan: InterfacePlan;
  readonly setup: InterfaceSetup;
  readonly deviceId?: string;
}

/**
 * Records an interface. Repeating it is safe.
 *
 * @throws {TraceError} when there is another record of the same interface
 */
export async function createEndpoint(
  { kube, config }: NodeServices,
  source: EndpointSource,
  signal: AbortSignal,
): Promise<void> {
  const endpoint = endpointOf(source, config);
  const ref = { ...resourceFor("DanmEp", config.apiGroup), namespace: source.begin.pod.namespace };
  try {
    await kube.create<DanmEp>(ref, endpoint, { signal, idempotent: true });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await kube.get<DanmEp>({ ...ref, name: endpoint.metadata.name }, { signal });
    if (!isSameRecord(existing, endpoint)) {
      throw new TraceError(
        `Cannot record interface ${source.plan.name}: there is another DanmEp ${existing.metadata.name}`,
      );
    }
  }
}

/** Whether `existing` is what this very attempt made, and did not get the answer to. */
function isSameRecord(existing: DanmEp, { spec }: DanmEp): boolean {
  const { EndpointID, NetworkUID, Interface: { Address, AddressIPv6, MacAddress } } = existing.spec;
  return EndpointID === spec.EndpointID && NetworkUID === spec.NetworkUID && Address === spec.Interface.Address &&
    AddressIPv6 === spec.Interface.AddressIPv6 && MacAddress === spec.Interface.MacAddress;
}

/** Deletes a record, if it is still there. */
export async function deleteEndpoint(
  { kube, config }: NodeServices,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const ref = { ...resourceFor("DanmEp", config.apiGroup), namespace, name };
    await kube.delete(ref, { signal, idempotent: true });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/**
 * The records of one attachment, for a node that has no journal of it, or a damaged one.
 *
 * @param namespace that of its Pod; when it is not known all are looked through
 */
export async function listEndpoints(
  services: NodeServices,
  namespace: string | undefined,
  { containerId, attachment }: Pick<DelegateTarget, "containerId" | "attachment">,
  signal: AbortSignal,
): Promise<readonly DanmEp[]> {
  const ofContainer = await listContainerEndpoints(services, namespace, containerId, signal);
  return endpointsOf(ofContainer, parseJournalName(attachment)!);
}

/** The records of all attachments of one container. */
export async function listContainerEndpoints(
  { kube, config }: NodeServices,
  namespace: string | undefined,
  containerId: string,
  signal: AbortSignal,
): Promise<readonly DanmEp[]> {
  const ref = { ...resourceFor("DanmEp", config.apiGroup), ...(namespace !== undefined && { namespace }) };
  try {
    return (await kube.list<DanmEp>(ref, { fieldSelector: `spec.CID=${containerId}`, signal })).items;
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** The name of the Pod that kubelet knows by `podUid`; undefined when no interface of it is on record. */
export async function findPodName(
  { kube, config }: NodeServices,
  podUid: string,
  signal: AbortSignal,
): Promise<PodName | undefined> {
  const labelSelector = `${labelKeys(config.apiGroup).podUid}=${podUid}`;
  const { items } = await kube.list<DanmEp>(resourceFor("DanmEp", config.apiGroup), {
    labelSelector,
    limit: 1,
    signal,
  });
  const [endpoint] = items;
  return endpoint && { namespace: endpoint.metadata.namespace ?? "", name: endpoint.spec.Pod };
}

/** The records of all containers of a node. */
export async function listEndpointsOn(
  { kube, config }: NodeServices,
  host: string,
  signal: AbortSignal,
): Promise<readonly DanmEp[]> {
  const ref = resourceFor("DanmEp", config.apiGroup);
  return (await kube.list<DanmEp>(ref, { fieldSelector: `spec.Host=${host}`, signal })).items;
}

/**
 * Those of a container's records that are of one attachment. Where they do not say, there was only one, whose CNI_IFNAME
 * is the name of its first interface, and of whose configuration nothing is known.
 */
export function endpointsOf(ofContainer: readonly DanmEp[], { ifName, config }: JournalName): DanmEp[] {
  const first = firstNameOf(ofContainer);
  return ofContainer.filter(({ spec }) => {
    if (ifName === undefined) return spec.IfName === undefined;
    if (spec.IfName === undefined) return first === undefined || first === ifName;
    return spec.IfName === ifName && spec.ConfigName === config;
  });
}

/** Key of the attachment that a DanmEp is of, which its journal has or had as name. */
export function attachmentOf({ spec: { CID, IfName, ConfigName } }: DanmEp): string {
  return IfName === undefined ? CID : `${CID}@${IfName}@${ConfigName}`;
}

/** CNI_IFNAME of a container's attachment whose records do not say, as far as they tell. */
export function firstNameOf(ofContainer: readonly DanmEp[]): string | undefined {
  const old = ofContainer.filter(({ spec }) => spec.IfName === undefined);
  return old.find(({ spec }) => parseOwner(spec.EndpointID)?.interfaceIndex === 0)?.spec.Interface.Name;
}

function endpointOf(
  { begin, target, owner, plan, setup, deviceId }: EndpointSource,
  { apiGroup: group, name: configName }: NodeServices["config"],
): DanmEp {
  const { pod, host, netns, ports = [] } = begin;
  const network = attachableRef(plan.network);
  const labels = labelKeys(group);
  return {
    apiVersion: apiVersionOf(group),
    kind: "DanmEp",
    metadata: {
      name: endpointName(pod, target.attachment, plan.index),
      namespace: pod.namespace,
      labels: { [labels.networkUid]: network.uid, [labels.podUid]: pod.uid },
      ...(ports.length > 0 && { annotations: { [portsAnnotation(group)]: formatPorts(ports) } }),
    },
    spec: {
      NetworkName: network.name,
      NetworkType: plan.terms.type,
      NetworkUID: network.uid,
      EndpointID: owner,
      ...(network.kind === DEFINITION_KIND && { NetworkNamespace: network.namespace! }),
      apiType: network.kind,
      Host: host,
      Pod: pod.name,
      PodUID: pod.uid,
      CID: target.containerId,
      IfName: target.ifName,
      ConfigName: configPart(configName),
      netns,
      Interface: {
        Name: plan.name,
        Address: addressField(plan, setup, 4),
        AddressIPv6: addressField(plan, setup, 6),
        MacAddress: setup.mac ?? "",
        proutes: routeField(plan, 4),
        proutes6: routeField(plan, 6),
        DeviceID: deviceId ?? "",
      },
    },
  };
}

function addressField(plan: InterfacePlan, { addresses }: InterfaceSetup, family: 4 | 6): string {
  const own = addresses.find((address) => address.includes(":") === (family === 6));
  return own ?? (plan.declined.includes(family) ? "none" : "");
}

function routeField({ policyRoutes }: InterfacePlan, family: 4 | 6): Record<string, string> {
  return Object.fromEntries(
    policyRoutes
      .filter(({ destination }) => destination.family === family)
      .map(({ destination, gateway }) => [formatSubnet(destination), formatAddress(gateway)]),
  );
}
