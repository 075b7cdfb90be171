/** Routes of a Pod's interfaces that exclude each other: a table holds one route to each destination. */

import { type Address, isLinkLocal } from "../net/address.ts";
import { formatSubnet, type Subnet } from "../net/subnet.ts";

/** One route that an interface will have. */
export interface PlannedRoute {
  /** Place of the interface among the Pod's. */
  readonly index: number;
  /** What the interface is on: equal for interfaces with the same neighbours. */
  readonly network: string;
  readonly destination: Subnet;
  /** Absent for the interface's own subnet. */
  readonly gateway?: Address;
  /** Absent for the main table. */
  readonly table?: number;
}

/** The first two of `routes` that go to one destination in one table by different ways, in their order. */
export function findRouteConflict(routes: readonly PlannedRoute[]): [PlannedRoute, PlannedRoute] | undefined {
  const seen = new Map<string, PlannedRoute[]>();
  for (const route of routes) {
    const key = `${formatSubnet(route.destination)} ${route.table}`;
    const others = seen.get(key) ?? [];
    const other = others.find((each) => !sameWay(each, route));
    if (other) return [other, route];
    seen.set(key, [...others, route]);
  }
  return undefined;
}

/** An address of a link's own leads another way on each link; all others are the same host wherever they are asked for. */
function sameWay(a: PlannedRoute, b: PlannedRoute): boolean {
  if (a.gateway?.value !== b.gateway?.value) return false;
  return a.gateway === undefined || !isLinkLocal(a.gateway) || a.network === b.network;
}
