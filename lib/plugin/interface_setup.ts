/** How one interface of a Pod is set up inside its namespace: written down, made, and later compared with what is there. */

import type { InterfacePlan } from "../attach/interface_plan.ts";
import type { ReservedAddress } from "../attach/delegate_config.ts";
import { sameRoute as sameNextHop } from "../attach/route.ts";
import type { Result } from "../cni/result.ts";
import { ensureAddress, ensureRoute, ensureRule, type NamespaceStep } from "../link/configure_namespace.ts";
import type { InterfaceAddress } from "../link/interface_address.ts";
import { announce, ipv6Off, settingsBeforeUp } from "../link/interface_settings.ts";
import { setMac, setUp } from "../link/link_commands.ts";
import type { Route } from "../link/route.ts";
import type { Rule } from "../link/rule.ts";
import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import { contains, formatSubnet, parseSubnet, subnetOf } from "../net/subnet.ts";

/** The state of one interface, in text so that it can be stored. */
export interface InterfaceSetup {
  readonly name: string;
  readonly mac?: string;
  /** `address/prefix`. */
  readonly addresses: readonly string[];
  readonly routes: readonly { readonly dst: string; readonly gw: string; readonly table?: number }[];
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

function setupOf(plan: InterfacePlan, addresses: readonly ReservedAddress[], mac: string | undefined): InterfaceSetup {
  const reachable = (gateway: Address) =>
    addresses.some(({ address, prefix }) => contains(subnetOf(address, prefix), gateway));
  const routes = plan.terms.routes.filter(({ gateway }) => reachable(gateway));
  const policyRoutes = plan.policyRoutes.filter((route, index, all) =>
    all.findIndex((other) => sameNextHop(other, route)) === index
  );
  const table = plan.terms.table ?? 0;
  return {
    name: plan.name,
    ...(mac !== undefined && { mac }),
    addresses: addresses.map(formatReserved),
    routes: [
      ...routes.map(({ destination, gateway }) => ({ dst: formatSubnet(destination), gw: formatAddress(gateway) })),
      ...policyRoutes.map(({ destination, gateway }) => ({
        dst: formatSubnet(destination),
        gw: formatAddress(gateway),
        table,
      })),
    ],
    rules: addresses
      .filter(({ address }) => policyRoutes.some(({ destination }) => destination.family === address.family))
      .map(({ address }) => ({ from: formatAddress(address), table })),
  };
}

/** Steps for a link that DANM made and that is still down. */
export function stepsForOwnLink(setup: InterfaceSetup): NamespaceStep[] {
  const { name } = setup;
  return [
    ...settingsBeforeUp(name, { ipv6: hasIpv6(setup) }),
    ...addressesOf(setup).map(ensureAddress),
    { ip: setUp(name) },
    ...routingSteps(setup),
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
    ...routingSteps(setup),
  ];
}

/** Steps for a link that delegates made, gave its addresses and set up. */
export function stepsForDelegatedLink(setup: InterfaceSetup): NamespaceStep[] {
  const { name, mac } = setup;
  return [
    ...(hasIpv6(setup) ? [] : [ipv6Off(name)]),
    ...routingSteps(setup),
    ...(mac === undefined ? [] : announce(name, mac)),
  ];
}

function routingSteps(setup: InterfaceSetup): NamespaceStep[] {
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
  return routes.map(({ dst, gw, table }) => ({
    destination: parseSubnet(dst)!,
    gateway: parseAddress(gw)!,
    device: name,
    ...(table !== undefined && { table }),
  }));
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
