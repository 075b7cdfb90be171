/** How one interface of a Pod is set up inside its namespace: written down, made, and later compared with what is there. */

import type { InterfacePlan } from "../attach/interface_plan.ts";
import type { ReservedAddress } from "../attach/delegate_config.ts";
import { type Route as PlannedRoute, sameRoute as sameNextHop } from "../attach/route.ts";
import type { Result } from "../cni/result.ts";
import { ensureAddress, ensureRoute, ensureRule, type NamespaceStep } from "../link/configure_namespace.ts";
import type { InterfaceAddress } from "../link/interface_address.ts";
import { announce, ipv6Off, settingsBeforeUp } from "../link/interface_settings.ts";
import { setMac, setUp } from "../link/link_commands.ts";
import type { Route } from "../link/route.ts";
import type { Rule } from "../link/rule.ts";
import { type Address, formatAddress, isLinkLocal, parseAddress } from "../net/address.ts";
import { contains, formatSubnet, parseSubnet, subnetOf } from "../net/subnet.ts";

/** A route, in text so that it can be stored. */
export interface SetupRoute {
  readonly dst: string;
  readonly gw: string;
  /** Whether no address of the interface says that the gateway is on its link. */
  readonly onLink?: true;
  /** Absent for the main table. */
  readonly table?: number;
}

/** The state of one interface, in text so that it can be stored. */
export interface InterfaceSetup {
  readonly name: string;
  readonly mac?: string;
  /** Whether there need not be a link of that name: whoever was to make one may have had none to make. */
  readonly mayBeAbsent?: true;
  /** `address/prefix`. */
  readonly addresses: readonly string[];
  readonly routes: readonly SetupRoute[];
  /** Destinations of the delegates' own routes that were taken away again. */
  readonly removedRoutes?: readonly string[];
  readonly rules: readonly { readonly from: string; readonly table: number }[];
}

/** The setup of an interface whose addresses DANM reserved. */
export function reservedSetup(
  plan: InterfacePlan,
  addresses: readonly ReservedAddress[],
  mac?: string,
): InterfaceSetup {
  return setupOf(plan, addresses, mac);
}

/** The setup of an interface as its delegates returned it; addresses of other interfaces (a bridge's) do not count. */
export function delegatedSetup(plan: InterfacePlan, result: Result): InterfaceSetup {
  const place = result.interfaces.findIndex(({ name, sandbox }) => name === plan.name && sandbox !== undefined);
  const own = result.ips.filter((ip) => ip.interface === undefined || place < 0 || ip.interface === place);
  return setupOf(plan, own.flatMap(({ address }) => readReserved(address)), result.interfaces[place]?.mac);
}

/** Routes of a family that the interface has an address of; the others could carry nothing. */
function setupOf(plan: InterfacePlan, addresses: readonly ReservedAddress[], mac: string | undefined): InterfaceSetup {
  const has = ({ destination: { family } }: PlannedRoute) => addresses.some(({ address }) => address.family === family);
  const policyRoutes = withoutRepetitions(plan.policyRoutes.filter(has));
  const table = plan.terms.table ?? 0;
  return {
    name: plan.name,
    ...(mac !== undefined && { mac }),
    addresses: addresses.map(formatReserved),
    routes: [
      ...withoutRepetitions(plan.terms.routes.filter(has)).map((route) => formatRoute(route, addresses)),
      ...policyRoutes.map((route) => ({ ...formatRoute(route, addresses), table })),
    ],
    rules: addresses
      .filter(({ address }) => policyRoutes.some(({ destination }) => destination.family === address.family))
      .map(({ address }) => ({ from: formatAddress(address), table })),
  };
}

function withoutRepetitions(routes: readonly PlannedRoute[]): PlannedRoute[] {
  return routes.filter((route, place) => routes.findIndex((other) => sameNextHop(other, route)) === place);
}

/** A delegate may give an address that says nothing of its neighbours (a /32), or one of another subnet. */
function formatRoute({ destination, gateway }: PlannedRoute, addresses: readonly ReservedAddress[]): SetupRoute {
  const onLink = !isInSubnets(gateway, addresses);
  return { dst: formatSubnet(destination), gw: formatAddress(gateway), ...(onLink && { onLink }) };
}

/** Whether the addresses of the interface say that `gateway` is on its link. */
export function isNeighbour(setup: InterfaceSetup, gateway: Address): boolean {
  return isInSubnets(gateway, addressesOf(setup));
}

function isInSubnets(gateway: Address, addresses: readonly ReservedAddress[]): boolean {
  return isLinkLocal(gateway) ||
    addresses.some(({ address, prefix }) => contains(subnetOf(address, prefix), gateway));
}

/** Steps for a link that DANM made and that is still down. */
export function stepsForOwnLink(setup: InterfaceSetup): NamespaceStep[] {
  const { name } = setup;
  return [
    ...settingsBeforeUp(name, { ipv6: hasIpv6(setup) }),
    ...addressesOf(setup).map(ensureAddress),
    { ip: setUp(name) },
  ];
}

/** Steps for a link that a delegate made with the hardware address `mac`, and set up without addresses. */
export function stepsForBareLink(setup: InterfaceSetup, mac: string): NamespaceStep[] {
  const { name } = setup;
  return [
    ...settingsBeforeUp(name, { ipv6: hasIpv6(setup) }),
    ...addressesOf(setup).map(ensureAddress),
    // The one it has: what this does is to announce the addresses that it did not have when it went up.
    { ip: setMac(name, mac) },
  ];
}

/** Steps for a link that delegates made, gave its addresses and set up. */
export function stepsForDelegatedLink(setup: InterfaceSetup): NamespaceStep[] {
  const { name, mac } = setup;
  return [
    ...(hasIpv6(setup) ? [] : [ipv6Off(name)]),
    ...(mac === undefined ? [] : announce(name, mac)),
  ];
}

/** Steps for the routes and rules of a link that is up. */
export function routingSteps(setup: InterfaceSetup): NamespaceStep[] {
  return [...routesOf(setup).map(ensureRoute), ...rulesOf(setup).map(ensureRule)];
}

function hasIpv6(setup: InterfaceSetup): boolean {
  return addressesOf(setup).some(({ address }) => address.family === 6);
}

/** The addresses as ip(8) has them. */
export function addressesOf({ name, addresses }: InterfaceSetup): InterfaceAddress[] {
  return addresses.flatMap(readReserved).map((address) => ({ device: name, ...address }));
}

/** The routes as ip(8) has them. */
export function routesOf({ name, routes }: InterfaceSetup): Route[] {
  return routes.map(({ dst, gw, onLink, table }) => ({
    destination: parseSubnet(dst)!,
    gateway: parseAddress(gw)!,
    device: name,
    ...(onLink && { onLink }),
    ...(table !== undefined && { table }),
  }));
}

/** Whether `route` is a default route of the main table. */
export function isDefaultRoute({ dst, table }: SetupRoute): boolean {
  return table === undefined && parseSubnet(dst)!.prefix === 0;
}

/** The policy rules as ip(8) has them. */
export function rulesOf({ rules }: InterfaceSetup): Rule[] {
  return rules.map(({ from, table }) => ({ from: parseAddress(from)!, table }));
}

function formatReserved({ address, prefix }: ReservedAddress): string {
  return `${formatAddress(address)}/${prefix}`;
}

function readReserved(text: string): ReservedAddress[] {
  const address = parseAddress(text.split("/")[0]!);
  const subnet = parseSubnet(text);
  return address && subnet ? [{ address, prefix: subnet.prefix }] : [];
}
