/** Which interfaces of a Pod must be there before which: those that it names. */

import { type InterfacePlan, InterfacePlanError } from "./interface_plan.ts";
import type { LinkNeeds } from "./named_links.ts";

/** An interface and what it needs. */
export interface NeedyInterface {
  readonly plan: Pick<InterfacePlan, "index" | "name" | "network">;
  /** Nothing when left out. */
  readonly needs?: LinkNeeds;
}

const NOTHING: LinkNeeds = { names: [], defaultRoute: false };

/**
 * What each interface waits for, in names of the Pod's other interfaces.
 *
 * @param interfaces all of the Pod, in the order of the annotation
 * @param existing names of the links that the namespace has already
 * @returns one list for each interface
 * @throws {InterfacePlanError} for a link that is nowhere, and for interfaces that wait for each other
 */
export function orderInterfaces(interfaces: readonly NeedyInterface[], existing: readonly string[]): string[][] {
  const all = interfaces.map(({ plan }) => plan.name);
  const orders = interfaces.map(({ plan, needs = NOTHING }, place) => {
    const missing = needs.names.find((name) => !all.includes(name) && !existing.includes(name));
    if (missing !== undefined) {
      throw refused(plan, `its delegate needs the link "${missing}", must be one of the Pod's: ${all.join(", ")}`);
    }
    // The default route comes with one of those before it, and there is no telling which.
    const earlier = needs.defaultRoute ? all.slice(0, place) : [];
    return all.filter((name) => needs.names.includes(name) || earlier.includes(name));
  });
  const stuck = circular(interfaces.map(({ plan }, place) => ({ name: plan.name, needs: orders[place]! })));
  const first = interfaces.find(({ plan }) => stuck.has(plan.name));
  if (!first) return orders;
  throw refused(first.plan, `it can never be made, as there is a circle of needs: ${[...stuck].join(", ")}`);
}

/** The names of those that wait for each other in a circle, or stand between two circles. */
export function circular(items: readonly { readonly name: string; readonly needs: readonly string[] }[]): Set<string> {
  let left = items;
  for (;;) {
    const names = new Set(left.map(({ name }) => name));
    const needed = new Set(left.flatMap(({ needs }) => needs));
    const still = left.filter(({ name, needs }) => needed.has(name) && needs.some((need) => names.has(need)));
    if (still.length === left.length) return names;
    left = still;
  }
}

function refused({ index, network }: NeedyInterface["plan"], problem: string): InterfacePlanError {
  return new InterfacePlanError(index, network, problem);
}
