import type { DanmEp } from "../api/danm_ep.ts";
import { type Network, networkOptions } from "../api/network.ts";

/** A network as reports name it: `DanmNet/tenant/web`, `ClusterNetwork/web`. */
export function networkText({ kind, metadata: { namespace, name } }: Network): string {
  return [kind, ...(namespace ? [namespace] : []), name].join("/");
}

/** The same of the network that an interface is attached to. */
export function attachedText({ metadata, spec: { apiType, NetworkNamespace, NetworkName } }: DanmEp): string {
  const namespace = NetworkNamespace ?? metadata.namespace;
  return [apiType, ...(apiType !== "ClusterNetwork" && namespace ? [namespace] : []), NetworkName].join("/");
}

/** Whether an interface is attached to `network`: by UID, as a network made again under its name is another one. */
export function isAttachedTo(endpoint: DanmEp, network: Network): boolean {
  const { NetworkUID } = endpoint.spec;
  return NetworkUID ? NetworkUID === network.metadata.uid : attachedText(endpoint) === networkText(network);
}

/** What links of a network are made on: a device of the host, or a pool of devices. */
export function parentOf(network: Network): string | undefined {
  const { host_device, device_pool } = networkOptions(network);
  return host_device ?? device_pool;
}

/** `vlan 7`, `vxlan 900`. */
export function vniOf(network: Network): string | undefined {
  const { vlan, vxlan } = networkOptions(network);
  return vlan !== undefined ? `vlan ${vlan}` : vxlan !== undefined ? `vxlan ${vxlan}` : undefined;
}

/** Addresses of an interface without prefix length; those that it does not have are left out. */
export function addressesOf({ spec: { Interface: { Address, AddressIPv6 } } }: DanmEp): string[] {
  return [Address, AddressIPv6].filter((text) => text !== "" && text !== "none").map((text) => text.split("/")[0]!);
}
