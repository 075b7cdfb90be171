/** Which backend a network uses. */

import type { Network } from "./network.ts";

/** What a network uses that names no NetworkType. */
export const DEFAULT_NETWORK_TYPE = "ipvlan";

/** Backends whose whole configuration comes from the network object; every other one reads a file. */
export const DYNAMIC_BACKENDS = ["ipvlan", "macvlan", "sriov"] as const;
export type DynamicBackend = typeof DYNAMIC_BACKENDS[number];

/** The backend of `network` in lower case: NetworkType is compared without regard to case everywhere. */
export function networkType(network: Pick<Network, "spec">): string {
  return network.spec.NetworkType?.toLowerCase() || DEFAULT_NETWORK_TYPE;
}

/** Whether `type` (as {@link networkType} returns it) is configured from the network object alone. */
export function isDynamicBackend(type: string): type is DynamicBackend {
  return DYNAMIC_BACKENDS.some((backend) => backend === type);
}
