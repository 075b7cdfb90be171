/** What a network object says, checked: from here on every value can be handed to ip(8) or another plugin. */

import { type Network, type NetworkOptions, networkOptions } from "../api/network.ts";
import { isDynamicBackend, networkType } from "../api/network_type.ts";
import type { Address, Family } from "../net/address.ts";
import { hasInterfaceNameCharacters, isInterfaceName } from "../net/interface_name.ts";
import { isRoutingTable, ROUTING_TABLES } from "../net/routing_table.ts";
import { allowedVnis, isVni, type VniType } from "../net/vni.ts";
import { type Pool, poolOf } from "../ipam/pool.ts";
import { NetworkRouteError, readNetworkRoutes } from "./network_routes.ts";
import type { Route } from "./route.ts";

/** The host's link an interface is made on: a device, or the VLAN or VXLAN link of that device. */
export interface ParentTerms {
  readonly device: string;
  readonly vni?: { readonly type: VniType; readonly id: number };
}

/** The terms on which Pods join a network. */
export interface NetworkTerms {
  /** Backend in lower case. */
  readonly type: string;
  readonly isDynamic: boolean;
  readonly networkId?: string;
  readonly containerPrefix?: string;
  readonly parent?: ParentTerms;
  readonly vlan?: number;
  readonly devicePool?: string;
  readonly pools: Readonly<Partial<Record<Family, Pool>>>;
  readonly routes: readonly Route[];
  /** Routing table of policy routes, none of the kernel's own. */
  readonly table?: number;
}

/** A network object that cannot be used; the message names field, value and what is allowed. */
export class NetworkTermsError extends Error {
  override readonly name = "NetworkTermsError";
}

/**
 * Reads the terms of `network`. The API server has proven most of this, but the object may be older than its schema.
 *
 * @throws {NetworkTermsError}
 */
export function readNetworkTerms(network: Network): NetworkTerms {
  const { NetworkID } = network.spec;
  const options = networkOptions(network);
  const type = networkType(network);
  const parent = readParent(options);
  const pools = readPools(network);
  if (type === "sriov" && !options.device_pool) {
    throw new NetworkTermsError("Options.device_pool is missing, must name the resource of a device plugin for sriov");
  }
  if (type === "sriov" && options.vxlan) {
    throw new NetworkTermsError(
      `Options.vxlan is ${options.vxlan}, must be absent: the devices of sriov know only vlan`,
    );
  }
  if (options.rt_tables && !isRoutingTable(options.rt_tables)) {
    throw new NetworkTermsError(`Options.rt_tables is ${options.rt_tables}, must be ${ROUTING_TABLES}`);
  }
  return {
    type,
    isDynamic: isDynamicBackend(type),
    ...(NetworkID && { networkId: checked("NetworkID", NetworkID, hasInterfaceNameCharacters) }),
    ...(options.container_prefix &&
      { containerPrefix: checked("Options.container_prefix", options.container_prefix, isInterfaceName) }),
    ...(parent && { parent }),
    ...(options.vlan && { vlan: options.vlan }),
    ...(options.device_pool && { devicePool: options.device_pool }),
    pools,
    routes: [...readRoutes(options, 4), ...readRoutes(options, 6)],
    ...(options.rt_tables && { table: options.rt_tables }),
  };
}

function readParent(options: NetworkOptions): ParentTerms | undefined {
  if (!options.host_device) return undefined;
  const device = checked("Options.host_device", options.host_device, isInterfaceName);
  for (const type of ["vlan", "vxlan"] as const) {
    const id = options[type];
    if (!id) continue;
    if (!isVni(type, id)) throw new NetworkTermsError(`Options.${type} is ${id}, must be ${allowedVnis(type)}`);
    return { device, vni: { type, id } };
  }
  return { device };
}

function readPools(network: Network): NetworkTerms["pools"] {
  const v4 = poolOf(network, 4);
  const v6 = poolOf(network, 6);
  return { ...(v4 && { 4: v4 }), ...(v6 && { 6: v6 }) };
}

function readRoutes(options: NetworkOptions, family: Family): Route[] {
  try {
    return readNetworkRoutes(options, family);
  } catch (error) {
    if (error instanceof NetworkRouteError) throw new NetworkTermsError(error.message);
    throw error;
  }
}

function checked(field: string, value: string, isValid: (text: string) => boolean): string {
  if (isValid(value)) return value;
  throw new NetworkTermsError(`${field} is ${JSON.stringify(value)}, must be the name of a network interface`);
}

/** The gateway of everything else in `family`, when the network defines one: that of its default route. */
export function defaultGateway({ routes }: NetworkTerms, family: Family): Address | undefined {
  return routes.find(({ destination }) => destination.family === family && destination.prefix === 0)?.gateway;
}
