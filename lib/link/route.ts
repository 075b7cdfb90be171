/** Unicast routes. Source: ip-route(8). */

import { type Address, addressBits, type Family, formatAddress, parseAddress } from "../net/address.ts";
import { MAIN_TABLE } from "../net/routing_table.ts";
import { formatSubnet, parseSubnet, sameSubnet, type Subnet, subnetOf } from "../net/subnet.ts";
import type { IpCommand } from "./ip_command.ts";
import { type IpObject, optionalNumberIn, optionalTextIn, textIn } from "./ip_json.ts";

/** A route to `destination` by way of `gateway`, or, without one, straight on the link of `device`. */
export interface Route {
  readonly destination: Subnet;
  readonly gateway?: Address;
  readonly device: string;
  /** The gateway is on the link of `device`, though none of the addresses there says so. */
  readonly onLink?: boolean;
  /** Number of the routing table, 1 to 2^32 - 1; absent means {@linkcode MAIN_TABLE}. */
  readonly table?: number;
}

/** Adds the route. The kernel refuses a second one to the same destination in the same table. */
export function addRoute(route: Route): IpCommand {
  return ["route", "add", ...routeWords(route)];
}

/** The inverse of {@linkcode addRoute}. */
export function deleteRoute(route: Route): IpCommand {
  return ["route", "del", ...routeWords(route)];
}

/**
 * Whether `a` and `b` send the same packets to the same next hop. The device counts only where there is no gateway: a
 * gateway reached over two interfaces of one network is the same next hop, and the kernel keeps one route to it.
 */
export function sameRoute(a: Route, b: Route): boolean {
  return (a.table ?? MAIN_TABLE) === (b.table ?? MAIN_TABLE) &&
    sameSubnet(a.destination, b.destination) &&
    a.gateway?.family === b.gateway?.family && a.gateway?.value === b.gateway?.value &&
    (a.gateway !== undefined || a.device === b.device);
}

/**
 * Reads one object of `ip -N -json -details route show`.
 *
 * @returns undefined for any other kind: local, broadcast, blackhole, several next hops, a gateway of the other family; and
 * where an address is one that no network of ours can have, IPv4-mapped for example
 */
export function parseRoute(family: Family, object: IpObject): Route | undefined {
  const unicast = object["type"] === undefined || object["type"] === "1";
  if (!unicast || object["dev"] === undefined || object["via"] !== undefined) return undefined;
  const destination = destinationOf(family, object);
  const via = optionalTextIn(object, "gateway");
  const gateway = via === undefined ? undefined : parseAddress(via);
  if (!destination || (via !== undefined && !gateway)) return undefined;
  return {
    destination,
    device: textIn(object, "dev"),
    table: optionalNumberIn(object, "table") ?? MAIN_TABLE,
    ...(gateway && { gateway }),
  };
}

function routeWords({ destination, gateway, device, onLink, table }: Route): string[] {
  return [
    formatSubnet(destination),
    ...(gateway === undefined ? [] : ["via", formatAddress(gateway)]),
    "dev",
    device,
    ...(onLink ? ["onlink"] : []),
    ...(table === undefined ? [] : ["table", `${table}`]),
  ];
}

function destinationOf(family: Family, object: IpObject): Subnet | undefined {
  const text = textIn(object, "dst");
  if (text === "default") return { family, base: 0n, prefix: 0 };
  const address = parseAddress(text);
  return address ? subnetOf(address, addressBits(address.family)) : parseSubnet(text);
}
