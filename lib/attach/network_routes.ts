/** The routes of a network: what their maps must be like, for those who admit and for those who use them. */

import type { NetworkOptions } from "../api/network.ts";
import { quote } from "../cni/quote.ts";
import { isHostAddress } from "../ipam/host_address.ts";
import { type Family, formatAddress, isLinkLocal } from "../net/address.ts";
import { contains, formatSubnet, parseSubnet, sameSubnet, type Subnet } from "../net/subnet.ts";
import { parseRoutes, type Route, RouteError } from "./route.ts";

/** A route of a network that makes no sense; `field` is under `spec.Options`. */
export class NetworkRouteError extends Error {
  override readonly name = "NetworkRouteError";
  constructor(readonly field: string, readonly value: unknown, readonly must: string) {
    super(`Options.${field} is ${quote(value)}, must ${must}`);
  }
}

const FIELDS = { 4: { subnet: "cidr", routes: "routes" }, 6: { subnet: "net6", routes: "routes6" } } as const;

/** A route as it was written. */
interface Written {
  readonly to: string;
  readonly route: Route;
}

/**
 * The routes of `family`, all of which the kernel takes on an interface with an address of the network.
 *
 * @throws {NetworkRouteError} for the first that is malformed, or that one network alone shows to be impossible
 */
export function readNetworkRoutes(options: NetworkOptions, family: Family): Route[] {
  const fields = FIELDS[family];
  const subnet = parseSubnet(options[fields.subnet] ?? "");
  const read: Written[] = [];
  for (const [to, via] of Object.entries(options[fields.routes] ?? {})) {
    const written = { to, route: readRoute(fields.routes, to, via, family) };
    const must = (subnet && objection(written.route, subnet, fields.subnet)) ?? contradiction(written, read);
    if (must !== undefined) throw new NetworkRouteError(`${fields.routes}[${to}]`, via, must);
    read.push(written);
  }
  return read.map(({ route }) => route);
}

function readRoute(field: string, to: string, via: string, family: Family): Route {
  try {
    return parseRoutes({ [to]: via }, family)[0]!;
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    throw error.part === "destination"
      ? new NetworkRouteError(field, to, `have IPv${family} subnets as destinations`)
      : new NetworkRouteError(`${field}[${to}]`, via, `be ${error.must}`);
  }
}

/** What the route would have to be on an interface with an address of `subnet`. */
function objection({ destination, gateway }: Route, subnet: Subnet, field: string): string | undefined {
  if (sameSubnet(destination, subnet)) {
    return `be absent: ${formatSubnet(subnet)} is the network's own ${field}, which needs no gateway`;
  }
  if (isLinkLocal(gateway)) return undefined;
  const isUsable = contains(subnet, gateway) && (gateway.family === 6 || isHostAddress(subnet, gateway.value));
  return isUsable ? undefined : `be an address in ${field} ${formatSubnet(subnet)}`;
}

/** What the gateway would have to be beside that of another spelling of the same destination. */
function contradiction({ route }: Written, others: readonly Written[]): string | undefined {
  const other = others.find((each) => sameSubnet(each.route.destination, route.destination));
  if (!other || other.route.gateway.value === route.gateway.value) return undefined;
  return `be ${formatAddress(other.route.gateway)} as of ${other.to}, which is the same destination`;
}
