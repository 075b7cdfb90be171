/**
 * What a Pod's interfaces are, in the words that others read it in. Source: Network Plumbing Working Group, de-facto
 * standard 1.3 §5, and its reference client's type NetworkStatus.
 */

import type { Dns, Interface, IpConfig, Result } from "../../cni/result.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { MAIN_TABLE } from "../../net/routing_table.ts";
import { parseSubnet } from "../../net/subnet.ts";

/** One interface that a Pod asked for, as it was made. */
export interface MadeInterface {
  /** `<namespace>/<name>` of what it is attached to; without a namespace for what is of the whole cluster. */
  readonly network: string;
  /** Its name in the Pod. */
  readonly name: string;
  /** What was returned of it; its default routes are those that are there. */
  readonly result: Result;
  /** Whether it is that of the Pod's default network. */
  readonly isDefault: boolean;
  /** What is known of the device that it is made of, in the words of the standard's Device Information Specification. */
  readonly device?: unknown;
}

/** An element of the annotation. The order of its keys is that of the reference client. */
interface NetworkStatus {
  readonly name: string;
  readonly interface: string;
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly mtu?: number;
  readonly default?: true;
  readonly dns: Dns;
  readonly "device-info"?: unknown;
  readonly gateway?: readonly string[];
}

/**
 * The value of the annotation `k8s.v1.cni.cncf.io/network-status`: a list with an element for each interface in the Pod,
 * written as the reference client writes it. Plugins may make several for one that was asked for.
 */
export function formatNetworkStatus(made: readonly MadeInterface[]): string {
  const elements = made.flatMap(statusesOf).map((status) => JSON.stringify(status, undefined, 4));
  return `[${elements.join(",")}]`;
}

function statusesOf({ network, name, result, isDefault, device }: MadeInterface): NetworkStatus[] {
  const inside = [...result.interfaces.entries()].filter(([, { sandbox }]) => sandbox !== undefined && sandbox !== "");
  const links: readonly (readonly [number | undefined, Pick<Interface, "name" | "mac" | "mtu">])[] = inside.length > 0
    ? inside
    : [[undefined, { name }]];
  const main = Math.max(0, links.findIndex(([, link]) => link.name === name));
  const gateways = gatewaysOf(result);
  return links.map(([index, link], place) => {
    const isOwn = ({ interface: of }: IpConfig) =>
      of === undefined || index === undefined ? place === main : of === index;
    const ips = result.ips.filter(isOwn).map(({ address }) => plainAddress(address));
    return {
      name: network,
      interface: link.name,
      ...(ips.length > 0 && { ips }),
      ...(link.mac !== undefined && { mac: link.mac }),
      ...(link.mtu !== undefined && link.mtu !== 0 && { mtu: link.mtu }),
      ...(isDefault && place === main && { default: true as const }),
      dns: dnsOf(result.dns),
      ...(device !== undefined && { "device-info": device }),
      ...(gateways.length > 0 && place === main && { gateway: gateways }),
    };
  });
}

/** Where default routes lead; one that does not say goes by the gateway of its family. */
function gatewaysOf({ routes, ips }: Result): string[] {
  const found = routes.flatMap(({ dst, gw, table }) => {
    const destination = parseSubnet(dst);
    if (destination?.prefix !== 0 || (table ?? MAIN_TABLE) !== MAIN_TABLE) return [];
    return gw ?? ips.find(({ address }) => parseSubnet(address)?.family === destination.family)?.gateway ?? [];
  });
  return [...new Set(found)];
}

function plainAddress(text: string): string {
  const plain = text.split("/")[0]!;
  const address = parseAddress(plain);
  return address ? formatAddress(address) : plain;
}

/** Empty lists are left out. */
function dnsOf({ nameservers = [], domain, search = [], options = [] }: Dns): Dns {
  return {
    ...(nameservers.length > 0 && { nameservers }),
    ...(domain && { domain }),
    ...(search.length > 0 && { search }),
    ...(options.length > 0 && { options }),
  };
}
