/** What the plugins of a selected definition are handed. Sources: de-facto standard 1.3 §4.1.2.1, CNI "Extension conventions". */

import { runtimeConfigOf } from "../../cni/capabilities.ts";
import { type DelegateConfig, requestConfig } from "../delegate_config.ts";
import type { NetworkSelection } from "./network_selection.ts";

/** What a definition's interface is made of and for. */
export interface DefinitionRequest {
  /** Place of the interface among the Pod's. */
  readonly index: number;
  /** What the runtime passed to danm, by capability. */
  readonly runtimeConfig: Readonly<Record<string, unknown>>;
  readonly selection: NetworkSelection;
  readonly device?: DefinitionDevice;
}

/** A device that kubelet gave the Pod for the definition. */
export interface DefinitionDevice {
  readonly id: string;
  /** Where a plugin that can may write down what it has made of it. */
  readonly infoFile: string;
}

/**
 * The configurations of the plugins `configs` for one interface, in the order they run.
 *
 * A plugin with the capability for it gets what the Pod asks for in `runtimeConfig`. Older ones know addresses and the
 * hardware address by `args.cni`, where the standard's `cni-args` go as well. A device goes to every plugin, under both
 * names that there are for it.
 */
export function definitionConfigs(
  configs: readonly DelegateConfig[],
  { index, runtimeConfig, selection, device }: DefinitionRequest,
): DelegateConfig[] {
  const wanted = {
    ...runtimeConfigOf(index, runtimeConfig),
    ...requestedConfig(selection),
    ...(device && { deviceID: device.id, CNIDeviceInfoFile: device.infoFile }),
  };
  const args = requestedArgs(selection);
  return configs.map((config) => ({
    ...withArgs(requestConfig(config, wanted), args),
    ...(device && { deviceID: device.id, pciBusID: device.id }),
  }));
}

function requestedConfig(selection: NetworkSelection): Readonly<Record<string, unknown>> {
  const { ips = [], mac, infinibandGuid, portMappings = [], bandwidth } = selection;
  return {
    ...(ips.length > 0 && { ips }),
    ...(mac !== undefined && { mac }),
    ...(infinibandGuid !== undefined && { infinibandGUID: infinibandGuid }),
    ...(portMappings.length > 0 && { portMappings }),
    ...(bandwidth && { bandwidth }),
  };
}

function requestedArgs({ ips = [], mac, cniArgs }: NetworkSelection): Readonly<Record<string, unknown>> {
  return { ...(ips.length > 0 && { ips }), ...(mac !== undefined && { mac }), ...cniArgs };
}

/** Adds to the `args.cni` that the configuration may have itself. */
function withArgs(config: DelegateConfig, args: Readonly<Record<string, unknown>>): DelegateConfig {
  if (Object.keys(args).length === 0) return config;
  const own = objectOf(config["args"]);
  return { ...config, args: { ...own, cni: { ...objectOf(own["cni"]), ...args } } };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as never : {};
}
