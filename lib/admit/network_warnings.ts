/** What is legal in a network, but seldom meant. */

import { type Network, type NetworkOptions, networkOptions } from "../api/network.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { poolBounds } from "../ipam/pool_bounds.ts";
import type { Family } from "../net/address.ts";
import { type AddressRange, rangeOf } from "../net/address_range.ts";
import { parseSubnet } from "../net/subnet.ts";
import { segmentOf } from "./network_review.ts";

/**
 * Warnings about a network that complies with all rules. The API server shows them to the user.
 *
 * @param others all other networks
 */
export function networkWarnings(network: Network, others: readonly Network[]): string[] {
  return [...poolWarnings(network, 4), ...poolWarnings(network, 6), ...overlapWarnings(network, others)];
}

const FIELDS = { 4: ["cidr", "routes"], 6: ["net6", "routes6"] } as const;

function poolWarnings(network: Network, family: Family): string[] {
  const bounds = poolBounds(network, family);
  if (!bounds) return [];
  const [, routes] = FIELDS[family];
  return Object.entries(networkOptions(network)[routes] ?? {}).flatMap(([to, via]) => {
    const destination = parseSubnet(to);
    const isPart = destination !== undefined && destination.prefix > bounds.subnet.prefix;
    if (!isPart || !overlaps(rangeOf(destination), bounds.range)) return [];
    return `spec.Options.${routes}[${to}]: addresses of the pool are in ${to}, so Pods reach each other there by ${via} only`;
  });
}

function overlapWarnings(network: Network, others: readonly Network[]): string[] {
  const medium = mediumOf(network);
  if (medium === undefined) return [];
  const own = networkOptions(network);
  return others
    .filter((other) => other.metadata.uid !== network.metadata.uid && mediumOf(other) === medium)
    .flatMap((other) => {
      const field = overlappingField(own, networkOptions(other));
      return field
        ? [`spec.Options.${field} overlaps that of ${describeNetwork(other)} on the same device and VNI`]
        : [];
    });
}

/** What names the medium of a network: its device, with the VLAN or VXLAN if it has one. */
function mediumOf(network: Network): string | undefined {
  const { host_device, device_pool } = networkOptions(network);
  const { type = "", vni = "" } = segmentOf(network) ?? {};
  const device = host_device ?? device_pool;
  return device && `${device} ${type} ${vni}`;
}

function overlappingField(own: NetworkOptions, other: NetworkOptions): "cidr" | "net6" | undefined {
  return (["cidr", "net6"] as const).find((field) => {
    const [a, b] = [own[field] && parseSubnet(own[field]), other[field] && parseSubnet(other[field])];
    return a && b && overlaps(rangeOf(a), rangeOf(b));
  });
}

function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}
