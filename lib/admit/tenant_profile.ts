/** Which of an administrator's devices a TenantNetwork may have. */

import { type Network, type NetworkOptions, networkOptions } from "../api/network.ts";
import { isDynamicBackend, networkType } from "../api/network_type.ts";
import type { HostDevice, TenantConfig } from "../api/tenant_config.ts";
import { isInterfaceName } from "../net/interface_name.ts";
import type { Objection } from "./rule.ts";

/** The TenantConfig in force: the oldest; of equally old ones the first by name. */
export function configInForce(configs: readonly TenantConfig[]): TenantConfig | undefined {
  const age = ({ metadata }: TenantConfig) => `${metadata.creationTimestamp ?? ""} ${metadata.name}`;
  return configs.toSorted((a, b) => age(a) < age(b) ? -1 : 1)[0];
}

/** The field that names the device of a backend. */
export function deviceField(type: string): "host_device" | "device_pool" {
  return type === "sriov" ? "device_pool" : "host_device";
}

/** Profiles to choose from, or why there is none; no profiles at all for a static backend that names no device. */
export type ProfileChoice = { readonly profiles: readonly HostDevice[] } | { readonly objection: Objection };

/** The profiles that `network` can be put on, in the order of the TenantConfig. */
export function suitableProfiles(network: Network, config: TenantConfig | undefined): ProfileChoice {
  const type = networkType(network);
  const options = networkOptions(network);
  const devices = config?.hostDevices ?? [];
  if (!isDynamicBackend(type)) return strangeDevice(options, devices) ?? { profiles: [] };
  const field = deviceField(type);
  const other = field === "host_device" ? "device_pool" : "host_device";
  if (options[other] !== undefined) return refuse(other, options[other], `be absent with ${type}`);
  const wanted = options[field];
  if (wanted === undefined && type === "sriov") return refuse(field, undefined, `name ${listed(devices)}`);
  const fitting = devices.filter(({ name }) => wanted === undefined ? isInterfaceName(name) : name === wanted);
  return fitting.length > 0 ? { profiles: fitting } : refuse(field, wanted, `name ${listed(devices)}`);
}

/** A static backend needs no device; one that is named all the same must be a tenant's to name. */
function strangeDevice(options: NetworkOptions, devices: readonly HostDevice[]): { objection: Objection } | undefined {
  for (const field of ["host_device", "device_pool"] as const) {
    const value = options[field];
    if (value === undefined || devices.some(({ name }) => name === value)) continue;
    return refuse(field, value, `name ${listed(devices)}`);
  }
  return undefined;
}

function refuse(field: string, value: unknown, must: string): { objection: Objection } {
  return { objection: { field: `spec.Options.${field}`, value, must } };
}

function listed(devices: readonly HostDevice[]): string {
  const names = [...new Set(devices.map(({ name }) => name))];
  return names.length === 0
    ? "a device of the TenantConfig, which has none"
    : `a device of the TenantConfig: ${names.join(", ")}`;
}
