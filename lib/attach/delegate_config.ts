/** Configurations for the plugins that DANM delegates to. Source: CNI spec 1.1.0 §1 and §3. */

import { runtimeConfigOf } from "../cni/capabilities.ts";
import type { FakeIpamSection } from "../cni/fake_ipam.ts";
import { type Address, type Family, formatAddress } from "../net/address.ts";
import type { InterfacePlan } from "./interface_plan.ts";
import { defaultGateway } from "./network_terms.ts";

/** What one plugin is run with. */
export interface DelegateConfig {
  readonly cniVersion: string;
  readonly name: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

/** An address reserved for an interface. */
export interface ReservedAddress {
  readonly address: Address;
  readonly prefix: number;
}

/** The version DANM talks to generated delegates in: the oldest with CHECK, so the one most of them know. */
const GENERATED_VERSION = "0.4.0";

/**
 * Configuration of the reference macvlan plugin, for a link that is up and has no addresses: DANM enters the namespace
 * anyway, and adds them there in a fraction of the time that one more plugin takes.
 *
 * @param master the host link to make it on
 * @param mac hardware address it gets
 */
export function macvlanConfig(plan: InterfacePlan, master: string, mac: string): DelegateConfig {
  return { ...generated(plan, []), master, mode: "bridge", mac };
}

/**
 * Configuration of the sriov plugin.
 *
 * @param deviceId PCI address of the virtual function
 */
export function sriovConfig(
  plan: InterfacePlan,
  addresses: readonly ReservedAddress[],
  deviceId: string,
): DelegateConfig {
  return { ...generated(plan, addresses), deviceID: deviceId, ...(plan.terms.vlan && { vlan: plan.terms.vlan }) };
}

/**
 * Configurations, in the order they run, of a static delegate whose file holds `configs`.
 *
 * @param runtimeConfig what the runtime passed to danm, by capability
 * @param deviceId of the device that the interface is made of
 */
export function staticConfigs(
  plan: InterfacePlan,
  addresses: readonly ReservedAddress[],
  configs: readonly DelegateConfig[],
  runtimeConfig: Readonly<Record<string, unknown>>,
  deviceId?: string,
): DelegateConfig[] {
  const requests = requestConfigs(configs, plan.index, runtimeConfig, deviceId);
  if (plan.usesOwnIpam) return requests;
  const main = Math.max(0, configs.findIndex((config) => config.ipam !== undefined));
  const ipam = ipamSection(addresses, (family) => defaultGateway(plan.terms, family));
  return requests.map((config, index) => index === main ? { ...config, ipam } : config);
}

/**
 * What the plugins of a file are handed for the interface `index`, in the order they run.
 *
 * @param runtimeConfig what the runtime passed to danm, by capability
 * @param deviceId of the device that the interface is made of; the first plugin gets it whatever its capabilities
 */
export function requestConfigs(
  configs: readonly DelegateConfig[],
  index: number,
  runtimeConfig: Readonly<Record<string, unknown>>,
  deviceId?: string,
): DelegateConfig[] {
  const own = runtimeConfigOf(index, runtimeConfig);
  const passed = deviceId === undefined ? own : { ...own, deviceID: deviceId };
  return configs.map((config, place) => ({
    ...requestConfig(config, passed),
    ...(place === 0 && deviceId !== undefined && { deviceID: deviceId }),
  }));
}

/**
 * What a plugin is handed of its part of a file: everything but `capabilities`, in place of which it gets those things
 * of `runtimeConfig` that it has the capability for. Source: CNI spec 1.1.0 §3 "Deriving runtimeConfig".
 */
export function requestConfig(
  { capabilities, ...config }: DelegateConfig,
  runtimeConfig: Readonly<Record<string, unknown>>,
): DelegateConfig {
  const able = Object.entries(capabilities ?? {}).flatMap(([name, has]) => has === true ? [name] : []);
  const passed = able.filter((name) => name in runtimeConfig).map((name) => [name, runtimeConfig[name]]);
  return {
    ...config as DelegateConfig,
    ...(passed.length > 0 && { runtimeConfig: Object.fromEntries(passed) }),
  };
}

function generated(plan: InterfacePlan, addresses: readonly ReservedAddress[]): DelegateConfig {
  return {
    cniVersion: GENERATED_VERSION,
    name: plan.network.metadata.name,
    type: plan.terms.type,
    // The reference plugins refuse an IPAM plugin without an address, and take an empty section for layer 2 only.
    ipam: addresses.length > 0 ? ipamSection(addresses) : {},
  };
}

/**
 * DANM installs the routes itself, the same way for every backend.
 *
 * @param gatewayOf the gateway that some plugins (ptp, a bridge that is one) cannot do without; the others wait for an
 * IPv6 gateway's address to settle, so they are told none
 */
function ipamSection(
  addresses: readonly ReservedAddress[],
  gatewayOf: (family: Family) => Address | undefined = () => undefined,
): FakeIpamSection {
  const ips = addresses.map(({ address, prefix }) => {
    const gateway = gatewayOf(address.family);
    return {
      address: `${formatAddress(address)}/${prefix}`,
      ...(gateway && { gateway: formatAddress(gateway) }),
    };
  });
  return { type: "fakeipam", ips };
}
