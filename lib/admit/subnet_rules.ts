/** Rules on subnets, pools and routes. They hold for every kind of network. */

import { networkOptions } from "../api/network.ts";
import { poolBounds } from "../ipam/pool_bounds.ts";
import { PoolError } from "../ipam/pool_error.ts";
import { NetworkRouteError, readNetworkRoutes } from "../attach/network_routes.ts";
import type { Family } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import type { NetworkReview } from "./network_review.ts";
import type { Objection, Rule } from "./rule.ts";

const FIELDS = {
  4: { subnet: "cidr", routes: "routes", pool: "allocation_pool" },
  6: { subnet: "net6", routes: "routes6", pool: "allocation_pool_v6" },
} as const;

const FAMILIES = [4, 6] as const;

/** Rules 1 and 3. */
function validSubnet(id: string, family: Family): Rule<NetworkReview> {
  const { subnet } = FIELDS[family];
  return {
    id,
    demands: `\`${subnet}\` is an IPv${family} subnet in CIDR notation`,
    judge({ network }) {
      const value = networkOptions(network)[subnet];
      if (value === undefined || parseSubnet(value)?.family === family) return undefined;
      return { field: `spec.Options.${subnet}`, value, must: `be an IPv${family} subnet in CIDR notation` };
    },
  };
}

/** Rules 2 and 4. */
function possibleRoutes(id: string, family: Family): Rule<NetworkReview> {
  const { subnet, routes } = FIELDS[family];
  const exception = family === 6 ? " or is link-local" : "";
  return {
    id,
    demands:
      `every destination in \`${routes}\` is an IPv${family} subnet other than \`${subnet}\` and there once, every ` +
      `gateway a host's address in \`${subnet}\`${exception}`,
    judge({ network }) {
      const options = networkOptions(network);
      const [route] = Object.entries(options[routes] ?? {});
      if (route === undefined) return undefined;
      if (options[subnet] === undefined) {
        const [to, value] = route;
        return { field: `spec.Options.${routes}[${to}]`, value, must: `be absent when ${subnet} is` };
      }
      try {
        readNetworkRoutes(options, family);
        return undefined;
      } catch (error) {
        if (!(error instanceof NetworkRouteError)) throw error;
        return { field: `spec.Options.${error.field}`, value: error.value, must: error.must };
      }
    },
  };
}

/** What the derivation of the pools objects to, if the field is one of those that `concerns` selects. */
function poolObjection({ network }: NetworkReview, concerns: (field: string) => boolean): Objection | undefined {
  for (const family of FAMILIES) {
    try {
      poolBounds(network, family);
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      const { field, value, allowed } = error;
      if (concerns(field)) return { field: `spec.Options.${field}`, value, must: `be ${allowed}` };
    }
  }
  return undefined;
}

const bookkeeping: Rule<NetworkReview> = {
  id: "5",
  demands: "`alloc` and `alloc6` are not set at creation and never changed, only taken away when they were imported",
  judge({ operation, network, before, restoring, imported }) {
    if (restoring || operation === "DELETE") return undefined;
    for (const field of ["alloc", "alloc6"] as const) {
      const [now, then] = [networkOptions(network)[field], before && networkOptions(before)[field]];
      if (now === then || (imported && now === undefined)) continue;
      const must = then === undefined ? "be absent: it is bookkeeping" : "stay as it was: it is bookkeeping";
      return { field: `spec.Options.${field}`, value: now, must };
    }
    return undefined;
  },
};

const poolNeedsSubnet: Rule<NetworkReview> = {
  id: "6",
  demands: "`allocation_pool` needs `cidr`, `allocation_pool_v6` needs `net6`",
  judge({ network }) {
    const options = networkOptions(network);
    for (const { subnet, pool } of FAMILIES.map((family) => FIELDS[family])) {
      const { lastIp: _, ...bounds } = options[pool] ?? {};
      const [field] = Object.entries(bounds);
      if (field === undefined || options[subnet] !== undefined) continue;
      return { field: `spec.Options.${pool}.${field[0]}`, value: field[1], must: `be absent when ${subnet} is` };
    }
    return undefined;
  },
};

/** Rules 1 to 9, in their order. */
export const SUBNET_RULES: readonly Rule<NetworkReview>[] = [
  validSubnet("1", 4),
  possibleRoutes("2", 4),
  validSubnet("3", 6),
  possibleRoutes("4", 6),
  bookkeeping,
  poolNeedsSubnet,
  {
    id: "7",
    demands: "a pool's `start` lies in its subnet",
    judge: (review) => poolObjection(review, (field) => field.endsWith(".start")),
  },
  {
    id: "8",
    demands: "a pool's `end` lies in its subnet",
    judge: (review) => poolObjection(review, (field) => field.endsWith(".end")),
  },
  {
    id: "9",
    demands:
      "a pool's `start` is not after its `end`, an IPv6 pool's `cidr` lies in `net6` and holds both, and no pool " +
      "has more than 8,388,608 addresses",
    judge: (review) => poolObjection(review, () => true),
  },
];
