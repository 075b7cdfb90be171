/** Routes as users write them: a map of destination to gateway. */

import { quote } from "../cni/quote.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../net/address.ts";
import { formatSubnet, parseSubnet, type Subnet } from "../net/subnet.ts";

/** A route to `destination` by way of `gateway`, both of one family. */
export interface Route {
  readonly destination: Subnet;
  readonly gateway: Address;
}

/** What is wrong with one entry of a route map; the message is a sentence to follow the name of the field. */
export class RouteError extends Error {
  override readonly name = "RouteError";
  /** @param must what the part must be */
  constructor(readonly part: "destination" | "gateway", what: string, value: unknown, readonly must: string) {
    super(`${what} is ${quote(value)}, must be ${must}`);
  }
}

/**
 * Reads a map of destination CIDR to gateway address.
 *
 * @throws {RouteError} naming the entry and what it must be
 */
export function parseRoutes(map: Readonly<Record<string, string>>, family: Family): Route[] {
  return Object.entries(map).map(([to, via]) => {
    const destination = parseSubnet(to);
    const gateway = typeof via === "string" ? parseAddress(via) : undefined; // an object may be older than its schema
    if (destination?.family !== family) {
      throw new RouteError("destination", "destination", to, `an IPv${family} CIDR`);
    }
    if (gateway?.family !== family) {
      throw new RouteError("gateway", `gateway of ${quote(to)}`, via, `an IPv${family} address`);
    }
    return { destination, gateway };
  });
}

/** Whether two routes lead the same way to the same place. */
export function sameRoute(a: Route, b: Route): boolean {
  return formatRoute(a) === formatRoute(b);
}

/** Writes a route as `destination via gateway`. */
export function formatRoute({ destination, gateway }: Route): string {
  return `${formatSubnet(destination)} via ${formatAddress(gateway)}`;
}
