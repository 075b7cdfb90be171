/**
 * Of several default routes of a Pod one can be in the main table: that of the interface which the Pod says has it, else of
 * the first interface which has any. What another attachment or plugin has installed before stays.
 */

import type { InterfacePlan } from "../attach/interface_plan.ts";
import type { Result, Route as ResultRoute } from "../cni/result.ts";
import { ensureNoRoute, ensureRoute, type NamespaceStep } from "../link/configure_namespace.ts";
import type { Route } from "../link/route.ts";
import { type Family, parseAddress } from "../net/address.ts";
import { MAIN_TABLE } from "../net/routing_table.ts";
import { parseSubnet } from "../net/subnet.ts";
import type { AttachedInterface } from "./backends/backend.ts";
import { isDefaultRoute, isNeighbour, routesOf } from "./interface_setup.ts";

/** A default route that is not to be. */
export interface LeftOutRoute {
  readonly plan: InterfacePlan;
  readonly dst: string;
  readonly gw: string | undefined;
}

/** The interfaces of a Pod with one default route of each family at most. */
export interface SettledRoutes {
  readonly attached: readonly AttachedInterface[];
  /** What takes the place of what delegates have installed; to be done before the steps of the interfaces. */
  readonly steps: readonly NamespaceStep[];
  readonly leftOut: readonly LeftOutRoute[];
}

/** A default route that the network defines or a delegate says it has installed. */
interface Candidate {
  readonly source: AttachedInterface;
  readonly route: Route;
  /** Whether it is there already, or was when the next one came. */
  readonly isInstalled: boolean;
  /** Whether DANM is to install it, or has. */
  readonly isOwn: boolean;
  readonly told: { readonly dst: string; readonly gw?: string };
}

/**
 * Chooses among the default routes of `attached`, which are in the order of the annotation.
 *
 * @param isFinished whether the interface has been set up already, its default route included unless there was one
 * @param before default routes that the namespace had before any of the interfaces
 */
export function settleDefaultRoutes(
  attached: readonly AttachedInterface[],
  isFinished: (one: AttachedInterface) => boolean,
  before: readonly Route[],
): SettledRoutes {
  const candidates = attached.flatMap((source) => [
    ...networkDefaults(source, isFinished(source)),
    ...delegateDefaults(source),
  ]);
  const possible = candidates.filter((candidate) =>
    !candidate.isOwn || !before.some((route) => excludes(route, candidate))
  );
  const ranked = possible.toSorted((a, b) => rankOf(a) - rankOf(b));
  const chosen = ([4, 6] as const).flatMap((family) => ranked.find((each) => familyOf(each) === family) ?? []);
  const lost = candidates.filter((candidate) => !chosen.some((winner) => isServedBy(candidate, winner)));
  const removed = lost.filter(({ isInstalled }) => isInstalled);
  // Of two that are installed at once the kernel keeps that of the faster one.
  const restored = chosen.filter((winner) =>
    winner.isInstalled &&
    (isFinished(winner.source) || removed.some((candidate) => familyOf(candidate) === familyOf(winner)))
  );
  return {
    attached: attached.map((one) => without(one, lost.filter(({ source }) => source === one))),
    steps: [
      ...removed.map(({ route }) => ensureNoRoute(route)),
      ...restored.map(({ route }) => ensureRoute(route)),
    ],
    leftOut: lost.map(({ source: { plan }, told: { dst, gw } }) => ({ plan, dst, gw })),
  };
}

/** Whether `existing` is another default route of the same family. */
function excludes({ destination, gateway }: Route, { route }: Candidate): boolean {
  return destination.family === route.destination.family && gateway?.value !== route.gateway?.value;
}

/** How much the Pod wants it: that very gateway (0), the interface's own (1), or says nothing of it (2). */
function rankOf({ source: { plan: { selected } }, route: { gateway, destination } }: Candidate): number {
  const wanted = selected?.selection.defaultRoute;
  if (wanted?.length === 0) return 1;
  const isWanted = wanted?.some(({ family, value }) => family === destination.family && value === gateway?.value);
  return isWanted ? 0 : 2;
}

/** Whether `candidate` is `winner`, or what a delegate has installed already of the same. */
function isServedBy(candidate: Candidate, winner: Candidate): boolean {
  return candidate.source === winner.source && familyOf(candidate) === familyOf(winner) &&
    candidate.route.gateway?.value === winner.route.gateway?.value;
}

function networkDefaults(source: AttachedInterface, isInstalled: boolean): Candidate[] {
  const told = source.setup.routes.filter(isDefaultRoute);
  return routesOf({ ...source.setup, routes: told }).map((route, place) => ({
    source,
    route,
    isInstalled,
    isOwn: true,
    told: told[place]!,
  }));
}

function delegateDefaults(source: AttachedInterface): Candidate[] {
  const { result, setup } = source;
  return result.routes.flatMap((told): Candidate[] => {
    const destination = parseSubnet(told.dst);
    if (destination?.prefix !== 0 || (told.table ?? MAIN_TABLE) !== MAIN_TABLE) return [];
    const gateway = parseAddress(told.gw ?? gatewayIn(result, destination.family) ?? "");
    const route: Route = {
      destination,
      device: setup.name,
      ...(gateway && { gateway, ...(!isNeighbour(setup, gateway) && { onLink: true }) }),
    };
    return [{ source, route, told, isInstalled: true, isOwn: false }];
  });
}

/** Where a route without one goes. Source: CNI spec 1.1.0 §5 "ADD Success", `routes`. */
function gatewayIn({ ips }: Result, family: Family): string | undefined {
  return ips.find(({ address, gateway }) => gateway !== undefined && parseSubnet(address)?.family === family)?.gateway;
}

function familyOf({ route }: Candidate): Family {
  return route.destination.family;
}

function without(one: AttachedInterface, lost: readonly Candidate[]): AttachedInterface {
  if (lost.length === 0) return one;
  const isKept = (route: unknown) => !lost.some(({ told }) => told === route);
  const removed: ResultRoute[] = one.result.routes.filter((route) => !isKept(route));
  return {
    ...one,
    setup: {
      ...one.setup,
      routes: one.setup.routes.filter(isKept),
      ...(removed.length > 0 && { removedRoutes: removed.map(({ dst }) => dst) }),
    },
    result: { ...one.result, routes: one.result.routes.filter(isKept) },
  };
}
