/** From a Pod's requests and the networks they name to the interfaces that are to be made. */

import type { Attachable } from "../api/attachable.ts";
import { type Network, networkOptions } from "../api/network.ts";
import { awaitedVni } from "../api/vni_wait.ts";
import { addressBits, type Family, formatAddress, isLinkLocal } from "../net/address.ts";
import { contains, formatSubnet } from "../net/subnet.ts";
import type { Pool } from "../ipam/pool.ts";
import { planDefaultRoute, planDefinition } from "./definitions/plan_definition.ts";
import { nameInterfaces, type NamingScheme } from "./interface_names.ts";
import type { AddressRequest, InterfaceRequest } from "./interface_request.ts";
import {
  type DefinitionWish,
  type InterfaceWish,
  type NetworkWish,
  type SelectedDefinition,
  selectedName,
} from "./interface_wish.ts";
import { type NetworkTerms, NetworkTermsError, readNetworkTerms } from "./network_terms.ts";
import { formatRoute, type Route } from "./route.ts";
import { findRouteConflict, type PlannedRoute } from "./route_conflict.ts";

/** An address DANM is to reserve. */
export interface AddressPlan {
  readonly family: Family;
  readonly pool: Pool;
  readonly request: Exclude<AddressRequest, { kind: "none" }>;
}

/** One interface that is to be made. */
export interface InterfacePlan {
  readonly index: number;
  /** Its name in the Pod. */
  readonly name: string;
  /** What it is attached to. */
  readonly network: Attachable;
  readonly terms: NetworkTerms;
  /** None when the Pod wants none, or when a static delegate's own IPAM is to give them. */
  readonly addresses: readonly AddressPlan[];
  /** Whether the addresses come from the IPAM section of the static delegate's own configuration. */
  readonly usesOwnIpam: boolean;
  /** Families the Pod asked to have no address in, by `none`. */
  readonly declined: readonly Family[];
  readonly policyRoutes: readonly Route[];
  /** What of the request is left out, in sentences for the log. */
  readonly warnings: readonly string[];
  /** The definition that it was selected by. */
  readonly selected?: SelectedDefinition;
  /** What makes it, where that is the plugins of a definition. */
  readonly made?: Pick<DefinitionWish, "chain" | "links">;
}

/** An interface that cannot be made as asked; says which. */
export class InterfacePlanError extends Error {
  override readonly name: string = "InterfacePlanError";
  constructor(index: number, network: Attachable, problem: string) {
    super(`Cannot attach interface ${index} to ${describeNetwork(network)}: ${problem}`);
  }
}

/** A network by kind and name, for messages. */
export function describeNetwork({ kind, metadata }: Pick<Attachable, "kind" | "metadata">): string {
  return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`;
}

/** What a Pod without an annotation asks of the default network: an address of every family that it has. */
export function defaultRequest(network: Network): InterfaceRequest {
  const { cidr, net6 } = networkOptions(network);
  return {
    network: { kind: network.kind, name: network.metadata.name },
    ...(cidr && { ip: { kind: "dynamic" } }),
    ...(net6 && { ip6: { kind: "dynamic" } }),
    proutes: [],
    proutes6: [],
  };
}

/**
 * Plans every interface of a Pod, before anything is made.
 *
 * @param wishes what the Pod asks for, each with its network or definition
 * @param namespace the Pod's namespace
 * @param first name of the first interface (CNI_IFNAME)
 * @throws {InterfacePlanError | InterfaceNameError}
 */
export function planInterfaces(
  wishes: readonly InterfaceWish[],
  namespace: string,
  first: string,
  scheme: NamingScheme,
): InterfacePlan[] {
  const read = wishes.map(readTermsOf);
  const own = wishes.map(({ selected }) => selected && selectedName(selected));
  const names = nameInterfaces(first, read.map((terms) => terms?.containerPrefix), scheme, own);
  const plans = wishes.map((wish, index) => {
    const place = { index, name: names[index]! };
    return "network" in wish ? planNetwork(wish, read[index]!, place, namespace) : planDefinition(wish, place, first);
  });
  checkRoutes(plans);
  checkDefaultRoutes(plans);
  return plans;
}

function planNetwork(
  { request, network, selected }: NetworkWish,
  networkTerms: NetworkTerms,
  { index, name }: Pick<InterfacePlan, "index" | "name">,
  namespace: string,
): InterfacePlan {
  try {
    checkAccess(network, namespace);
    const terms = selected ? planDefaultRoute(networkTerms, selected.selection) : networkTerms;
    const { addresses, usesOwnIpam } = planAddresses(request, terms);
    const { policyRoutes, warnings } = planPolicyRoutes(request, terms, addresses, usesOwnIpam);
    return {
      index,
      name,
      network,
      terms,
      addresses,
      usesOwnIpam,
      declined: declinedFamilies(request),
      policyRoutes,
      warnings: [...selected?.selection.warnings ?? [], ...warnings],
      ...(selected && { selected }),
    };
  } catch (error) {
    if (error instanceof Refusal) throw new InterfacePlanError(index, network, error.message);
    if (error instanceof NotYet) throw new NetworkNotReadyError(index, network, error.message);
    throw error;
  }
}

/** A network that is not ready for Pods yet, but will be. */
export class NetworkNotReadyError extends InterfacePlanError {
  override readonly name = "NetworkNotReadyError";
}

class Refusal extends Error {}

class NotYet extends Error {}

/** The terms of a network of DANM. */
function readTermsOf(wish: InterfaceWish, index: number): NetworkTerms | undefined {
  if (!("network" in wish)) return undefined;
  try {
    return readNetworkTerms(wish.network);
  } catch (error) {
    if (error instanceof NetworkTermsError) throw new InterfacePlanError(index, wish.network, error.message);
    throw error;
  }
}

function checkAccess(network: Network, namespace: string): void {
  if (network.metadata.deletionTimestamp !== undefined) throw new Refusal("the network is being deleted");
  const tenants = network.kind === "ClusterNetwork" ? network.spec.AllowedTenants ?? [] : [];
  if (tenants.length > 0 && !tenants.includes(namespace)) {
    throw new Refusal(`namespace is "${namespace}", must be one of its AllowedTenants ${tenants.join(", ")}`);
  }
  const awaited = awaitedVni(network.metadata);
  if (awaited !== undefined && networkOptions(network)[awaited] === undefined) {
    throw new NotYet(`the network has no ${awaited} number yet; the webhook gives it one, try again`);
  }
}

function planAddresses(
  request: InterfaceRequest,
  terms: NetworkTerms,
): { addresses: AddressPlan[]; usesOwnIpam: boolean } {
  if (terms.isDynamic && !request.ip && !request.ip6) {
    throw new Refusal(`keys ip and ip6 are missing, must have one or both for NetworkType ${terms.type}`);
  }
  const addresses = ([[4, request.ip], [6, request.ip6]] as const)
    .flatMap(([family, wanted]) => (wanted && wanted.kind !== "none" ? planAddress(family, wanted, terms) : []));
  return { addresses, usesOwnIpam: !terms.isDynamic && addresses.length === 0 };
}

function planAddress(family: Family, request: AddressPlan["request"], terms: NetworkTerms): AddressPlan[] {
  const key = family === 4 ? "ip" : "ip6";
  const pool = terms.pools[family];
  const wanted = request.kind === "static" ? formatAddress(request.address) : request.kind;
  if (!pool) {
    // A static delegate's own IPAM may serve a Pod that takes any address, but not one that names its address.
    if (!terms.isDynamic && request.kind === "dynamic") return [];
    throw new Refusal(`key ${key} is "${wanted}", but the network has no ${family === 4 ? "cidr" : "net6"}`);
  }
  if (request.kind === "static") {
    const { subnet } = pool;
    const prefix = request.prefix ?? subnet.prefix;
    if (!contains(subnet, request.address) || prefix !== subnet.prefix) {
      const subnetText = `${formatAddress({ family, value: subnet.base })}/${subnet.prefix}`;
      throw new Refusal(`key ${key} is "${wanted}/${prefix}", must be an address of ${subnetText}`);
    }
  }
  return [{ family, pool, request }];
}

/**
 * The policy routes that can be installed. The original system left out those that had no table to go to, or no address to
 * come from; so does this, but says so.
 */
function planPolicyRoutes(
  request: InterfaceRequest,
  terms: NetworkTerms,
  addresses: readonly AddressPlan[],
  usesOwnIpam: boolean,
): Pick<InterfacePlan, "policyRoutes" | "warnings"> {
  const policyRoutes: Route[] = [];
  const warnings: string[] = [];
  for (const [key, family, routes] of [["proutes", 4, request.proutes], ["proutes6", 6, request.proutes6]] as const) {
    const address = addresses.find((address) => address.family === family);
    if (routes.length === 0) continue;
    if (terms.table === undefined) {
      warnings.push(`key ${key} is left out: the network has no rt_tables`);
    } else if (!address && !usesOwnIpam) {
      warnings.push(`key ${key} is left out: the interface has no IPv${family} address`);
    } else {
      for (const route of address ? routes : []) checkGateway(key, route, address!);
      policyRoutes.push(...routes);
    }
  }
  return { policyRoutes, warnings };
}

function checkGateway(key: string, route: Route, { pool: { subnet }, request }: AddressPlan): void {
  const { gateway } = route;
  if (!isLinkLocal(gateway) && !contains(subnet, gateway)) {
    throw new Refusal(`key ${key} has route ${formatRoute(route)}, whose gateway must be in ${formatSubnet(subnet)}`);
  }
  if (request.kind === "static" && request.address.value === gateway.value) {
    throw new Refusal(
      `key ${key} has route ${formatRoute(route)}, whose gateway must not be the interface's own address`,
    );
  }
}

function checkRoutes(plans: readonly InterfacePlan[]): void {
  const [first, second] = findRouteConflict(plans.flatMap(routesOf)) ?? [];
  if (!first || !second) return;
  const { network } = plans[second.index]!;
  const owner = first.index === second.index
    ? "the interface itself"
    : `interface ${first.index} to ${describeNetwork(plans[first.index]!.network)}`;
  const way = ({ gateway }: PlannedRoute) => gateway ? `via ${formatAddress(gateway)}` : "on its own link";
  const table = second.table === undefined ? "the main table" : `table ${second.table}`;
  throw new InterfacePlanError(
    second.index,
    network,
    `it has a route to ${formatSubnet(second.destination)} ${way(second)} in ${table}, where ${owner} has one ` +
      `${way(first)}: there can be only one`,
  );
}

/**
 * The routes that `plan` leads to, as far as they can be told before a delegate has given its addresses. Default routes of
 * the main table exclude nothing: the first one stays.
 */
function routesOf({ index, network, terms, addresses, usesOwnIpam, policyRoutes }: InterfacePlan): PlannedRoute[] {
  const common = { index, network: describeNetwork(network) };
  const hasAddress = (family: Family) => usesOwnIpam || addresses.some((address) => address.family === family);
  const subnets = addresses.map(({ pool: { subnet } }) => subnet);
  return [
    ...subnets.filter(({ family, prefix }) => prefix < addressBits(family)).map((destination) => ({ destination })),
    ...terms.routes.filter(({ destination: { family, prefix } }) => hasAddress(family) && prefix > 0),
    ...policyRoutes.map((route) => ({ ...route, ...(terms.table !== undefined && { table: terms.table }) })),
  ].map((route) => ({ ...common, ...route }));
}

/** Two interfaces cannot have the default route of one family, where the Pod says by which gateway. */
function checkDefaultRoutes(plans: readonly InterfacePlan[]): void {
  for (const family of [4, 6] as const) {
    const [first, second] = plans.filter(({ selected }) =>
      selected?.selection.defaultRoute?.some((gateway) => gateway.family === family)
    );
    if (!first || !second) continue;
    const problem = `key default-route has an IPv${family} gateway, and so has that of interface ${first.index} to ` +
      `${describeNetwork(first.network)}: there can be only one`;
    throw new InterfacePlanError(second.index, second.network, problem);
  }
}

function declinedFamilies({ ip, ip6 }: InterfaceRequest): Family[] {
  return ([[4, ip], [6, ip6]] as const).flatMap(([family, wanted]) => wanted?.kind === "none" ? [family] : []);
}
