/** The Pod a container belongs to, and the networks it asks for. */

import { findAnnotation } from "../api/annotations.ts";
import type { KubeObject } from "../api/kube_object.ts";
import { podUid } from "../api/pod_uid.ts";
import { type Network, NETWORK_KINDS, type NetworkKind } from "../api/network.ts";
import { resourceFor } from "../api/resource.ts";
import { defaultRequest } from "../attach/interface_plan.ts";
import { AnnotationError } from "../attach/annotation.ts";
import { type InterfaceRequest, parseInterfaceRequests } from "../attach/interface_request.ts";
import { isNotFound } from "../kube/client/kube_error.ts";
import { namedPorts, type PodContainers } from "../policy/named_ports.ts";
import type { NamedPort } from "../policy/policy_world.ts";
import type { NodeServices } from "./node_services.ts";
import type { PodIdentity } from "./pod_identity.ts";

/** The part of a Pod that danm reads; its UID is the one that kubelet knows it by. */
export type Pod = KubeObject<"Pod", { readonly spec: { readonly nodeName?: string } }> & {
  readonly metadata: { readonly namespace: string; readonly uid: string };
  /** UID of the object itself, which is another one where it is the copy of a static Pod. */
  readonly objectUid: string;
  /** Those of its containers that have names. */
  readonly ports: readonly NamedPort[];
};

/** The Pod's networks cannot be told; says what is missing. */
export class PodNetworkError extends Error {
  override readonly name = "PodNetworkError";
}

/**
 * Reads the Pod of a container.
 *
 * @throws {PodNetworkError} when another Pod has its name now, so this container's own is gone
 */
export async function readPod(services: NodeServices, identity: PodIdentity, signal: AbortSignal): Promise<Pod> {
  const { kube, remembered } = services;
  const { namespace, name, uid } = identity;
  const recent = uid === undefined ? undefined : remembered?.pod(namespace, name);
  if (recent !== undefined && recent.metadata.uid === uid) return recent;
  const pod = await kube.get<Pod & { readonly spec: PodContainers }>({
    group: "",
    version: "v1",
    plural: "pods",
    namespace,
    name,
  }, { signal });
  const known = podUid(pod.metadata);
  if (uid !== undefined && known !== uid) {
    throw new PodNetworkError(
      `Cannot attach Pod ${namespace}/${name}: its UID is ${known}, must be ${uid} as in CNI_ARGS`,
    );
  }
  return {
    ...pod,
    metadata: { ...pod.metadata, uid: known },
    objectUid: pod.metadata.uid,
    ports: namedPorts(pod.spec),
  };
}

/**
 * The Pod's interface requests, each with the network it names; one to the default network when it names none.
 *
 * @throws {AnnotationError | PodNetworkError}
 */
export async function readRequests(
  services: NodeServices,
  pod: Pod,
  signal: AbortSignal,
): Promise<{ request: InterfaceRequest; network: Network }[]> {
  const annotation = findAnnotation(pod.metadata.annotations, "interfaces");
  const requests = annotation ? parseInterfaceRequests(annotation.key, annotation.value) : [];
  if (requests.length === 0) {
    const network = await findDefaultNetwork(services, pod, signal);
    return [{ request: defaultRequest(network), network }];
  }
  // One network may be named several times; the same read serves all.
  const reads = new Map<string, Promise<Network | undefined>>();
  return await Promise.all(requests.map(async (request, index) => {
    const { kind, name } = request.network;
    const key = `${kind}/${name}`;
    const read = reads.get(key) ?? recallNetwork(services, kind, pod.metadata.namespace, name, signal);
    reads.set(key, read);
    const network = await read;
    if (network) return { request, network };
    throw new AnnotationError(annotation!.key, `entry ${index}: there is no ${kind} "${name}"`);
  }));
}

/**
 * The network that `request` names, for a Pod whose annotation does not say it.
 *
 * @throws {PodNetworkError} when there is none
 */
export async function findNetwork(
  services: NodeServices,
  { metadata: { namespace, name: podName } }: Pod,
  { network: { kind, name } }: InterfaceRequest,
  signal: AbortSignal,
): Promise<Network> {
  const network = await recallNetwork(services, kind, namespace, name, signal);
  if (network) return network;
  throw new PodNetworkError(`Cannot attach Pod ${namespace}/${podName}: there is no ${kind} "${name}"`);
}

async function findDefaultNetwork(services: NodeServices, pod: Pod, signal: AbortSignal): Promise<Network> {
  const { namespace } = pod.metadata;
  const found = await Promise.all(
    NETWORK_KINDS.map((kind) => recallNetwork(services, kind, namespace, "default", signal)),
  );
  const network = found.find((candidate) => candidate !== undefined);
  if (network) return network;
  throw new PodNetworkError(
    `Cannot attach Pod ${namespace}/${pod.metadata.name}: it has no annotation danm.k8s.io/interfaces, and there is ` +
      `no DanmNet or TenantNetwork "default" in its namespace and no ClusterNetwork "default"`,
  );
}

/** The network as it is remembered, where it is; good enough for a plan, which looks again before it is kept. */
async function recallNetwork(
  services: NodeServices,
  kind: NetworkKind,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Network | undefined> {
  const { remembered, config } = services;
  const recent = remembered?.apiGroup === config.apiGroup ? remembered.network(kind, namespace, name) : undefined;
  return recent ?? await readNetwork(services, kind, namespace, name, signal);
}

/** The network, or undefined when there is none, or its kind is not installed. */
export async function readNetwork(
  { kube, config }: NodeServices,
  kind: NetworkKind,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<Network | undefined> {
  const resource = resourceFor(kind, config.apiGroup);
  try {
    return await kube.get<Network>({ ...resource, name, ...(resource.namespaced && { namespace }) }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
