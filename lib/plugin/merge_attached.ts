/** The result of a whole ADD. */

import { mergeResults } from "../cni/merge_results.ts";
import type { Result, Route } from "../cni/result.ts";
import type { AttachedInterface } from "./backends/backend.ts";

/** What danm returns of interfaces that are made and set up. */
export function mergeAttached(attached: readonly AttachedInterface[]): Result {
  const { routes, ...result } = mergeResults(attached.map(withRoutes));
  return { ...result, routes: withoutRepetitions(routes) };
}

/** Adds the routes that DANM installs in the main table to what delegates say of theirs. */
export function withRoutes({ result, setup }: Pick<AttachedInterface, "result" | "setup">): Result {
  const installed: Route[] = setup.routes.filter(({ table }) => table === undefined).map(({ dst, gw }) => ({
    dst,
    gw,
  }));
  const isNew = (route: Route) => !result.routes.some(({ dst, gw }) => dst === route.dst && gw === route.gw);
  return { ...result, routes: [...result.routes, ...installed.filter(isNew)] };
}

/** Two interfaces of one network have its routes in common, and the kernel has them once. */
function withoutRepetitions(routes: readonly Route[]): Route[] {
  return [...new Map(routes.map((route) => [JSON.stringify(route), route])).values()];
}
