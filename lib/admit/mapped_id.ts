/** Which NetworkID a TenantConfig has for a backend. */

import type { Network } from "../api/network.ts";
import { networkType } from "../api/network_type.ts";
import type { TenantConfig } from "../api/tenant_config.ts";

/** The NetworkID that `config` has for the NetworkType of `network`, if any. */
export function mappedId(network: Network, config: TenantConfig | undefined): string | undefined {
  const type = networkType(network);
  return Object.entries(config?.networkIds ?? {}).find(([key]) => key.toLowerCase() === type)?.[1];
}

/** Whether an update changes what `networkIds` of a TenantConfig is about. */
export function changesBackend(network: Network, before: Network): boolean {
  return network.spec.NetworkID !== before.spec.NetworkID || networkType(network) !== networkType(before);
}
