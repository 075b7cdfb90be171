/** The devices that kubelet gave a Pod, for its interfaces. */

import { RESOURCE_SLICES, type ResourceSlice } from "../api/resource_slice.ts";
import { claimedDevices } from "../attach/claimed_devices.ts";
import { assignDevices } from "../attach/device_assignment.ts";
import type { InterfacePlan } from "../attach/interface_plan.ts";
import { isNotFound } from "../kube/client/kube_error.ts";
import { listAll } from "../kube/client/list_all.ts";
import { backendOf } from "./backends/backend_of.ts";
import type { NodeServices } from "./node_services.ts";
import type { Pod } from "./pod.ts";

/**
 * The device of each interface that is made of one, by its index. Kubelet is asked only when there is one that needs a
 * device, and the cluster only when no device plugin has given it.
 */
export async function readDevices(
  services: NodeServices,
  pod: Pod,
  plans: readonly InterfacePlan[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, string>> {
  const taking = plans.filter(({ network: { kind }, terms: { type, devicePool } }) =>
    devicePool && backendOf(kind, type).takesDevice
  );
  if (taking.length === 0) return new Map();
  const { listPodDevices } = await import("../host/devices/pod_resources.ts");
  const { byResource, claimed } = await listPodDevices(services.config.podResourcesSocket, pod.metadata, signal);
  const isGiven = taking.every(({ terms: { devicePool } }) => byResource.has(devicePool!));
  if (isGiven || claimed.length === 0) return assignDevices(taking, byResource);
  const byClaim = claimedDevices(claimed, await listSlices(services, pod.spec.nodeName ?? "", signal));
  return assignDevices(taking, new Map([...byClaim, ...byResource]));
}

/** What drivers have published of the devices of a node. */
async function listSlices({ kube }: NodeServices, nodeName: string, signal: AbortSignal): Promise<ResourceSlice[]> {
  try {
    return await listAll<ResourceSlice>(kube, RESOURCE_SLICES, { fieldSelector: `spec.nodeName=${nodeName}`, signal });
  } catch (error) {
    if (isNotFound(error)) return []; // of a cluster that knows another version only
    throw error;
  }
}
