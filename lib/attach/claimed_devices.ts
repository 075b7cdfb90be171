/** Devices that a Pod has by claims, as device plugins would have given them. */

import type { PublishedDevice, ResourceSlice } from "../api/resource_slice.ts";

/** A device that a container has by a claim (dynamic resource allocation), as its driver has published it. */
export interface ClaimedDevice {
  readonly driver: string;
  readonly pool: string;
  readonly device: string;
}

/** The attributes by which drivers tell meta-plugins of a device, and the one in which all drivers have a PCI address. */
const RESOURCE_NAME = "k8s.cni.cncf.io/resourceName";
const DEVICE_ID = "k8s.cni.cncf.io/deviceID";
const PCI_ADDRESS = "resource.kubernetes.io/pciBusID";

/**
 * IDs of `claimed` by resource name, in their order. Without an attribute that names it a device is one of the resource that
 * is called like its driver. What has no ID is none for an interface: a Pod may have others.
 */
export function claimedDevices(
  claimed: readonly ClaimedDevice[],
  slices: readonly ResourceSlice[],
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const one of claimed) {
    const attributes = published(one, slices)?.attributes ?? {};
    const id = attributes[DEVICE_ID]?.string ?? attributes[PCI_ADDRESS]?.string;
    const resource = attributes[RESOURCE_NAME]?.string ?? one.driver;
    if (id !== undefined) found.set(resource, [...found.get(resource) ?? [], id]);
  }
  return found;
}

/** As the newest of the pool's slices has it: those of a generation before may still be there. */
function published(
  { driver, pool, device }: ClaimedDevice,
  slices: readonly ResourceSlice[],
): PublishedDevice | undefined {
  return slices
    .filter(({ spec }) => spec.driver === driver && spec.pool.name === pool)
    .toSorted((a, b) => b.spec.pool.generation - a.spec.pool.generation)
    .flatMap(({ spec: { devices = [] } }) => devices)
    .find(({ name }) => name === device);
}
