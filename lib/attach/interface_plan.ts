/** From a Pod's requests and the networks they name to the interfaces that are to be made. */

import { type Network, networkOptions } from "../api/network.ts";
import type { Family } from "../net/address.ts";
import { formatAddress } from "../net/address.ts";
import { contains } from "../net/subnet.ts";
import type { Pool } from "../ipam/pool.ts";
import { nameInterfaces, type NamingScheme } from "./interface_names.ts";
import type { AddressRequest, InterfaceRequest } from "./interface_request.ts";
import { type NetworkTerms, NetworkTermsError, readNetworkTerms } from "./network_terms.ts";
import type { Route } from "./route.ts";

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
  readonly network: Network;
  readonly terms: NetworkTerms;
  /** None when the Pod wants none, or when a static delegate's own IPAM is to give them. */
  readonly addresses: readonly AddressPlan[];
  /** Whether the addresses come from the IPAM section of the static delegate's own configuration. */
  readonly usesOwnIpam: boolean;
  /** Families the Pod asked to have no address in, by `none`. */
  readonly declined: readonly Family[];
  readonly policyRoutes: readonly Route[];
}

/** An interface that cannot be made as asked; says which. */
export class InterfacePlanError extends Error {
  override readonly name = "InterfacePlanError";
  constructor(index: number, network: Network, problem: string) {
    super(`Cannot attach interface ${index} to ${describeNetwork(network)}: ${problem}`);
  }
}

/** A network by kind and name, for messages. */
export function describeNetwork({ kind, metadata }: Network): string {
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
 * @param requests what the Pod asks for, each with its network
 * @param namespace the Pod's namespace
 * @param first name of the first interface (CNI_IFNAME)
 * @throws {InterfacePlanError | InterfaceNameError}
 */
export function planInterfaces(
  requests: readonly { readonly request: InterfaceRequest; readonly network: Network }[],
  namespace: string,
  first: string,
  scheme: NamingScheme,
): InterfacePlan[] {
  const read = requests.map(({ network }, index) => readTermsOf(network, index));
  const names = nameInterfaces(first, read.map(({ containerPrefix }) => containerPrefix), scheme);
  return requests.map(({ request, network }, index) => {
    const terms = read[index]!;
    try {
      checkAccess(network, namespace);
      const { addresses, usesOwnIpam } = planAddresses(request, terms);
      checkPolicyRoutes(request, terms, addresses, usesOwnIpam);
      return {
        index,
        name: names[index]!,
        network,
        terms,
        addresses,
        usesOwnIpam,
        declined: declinedFamilies(request),
        policyRoutes: [...request.proutes, ...request.proutes6],
      };
    } catch (error) {
      if (error instanceof Refusal) throw new InterfacePlanError(index, network, error.message);
      throw error;
    }
  });
}

class Refusal extends Error {}

function readTermsOf(network: Network, index: number): NetworkTerms {
  try {
    return readNetworkTerms(network);
  } catch (error) {
    if (error instanceof NetworkTermsError) throw new InterfacePlanError(index, network, error.message);
    throw error;
  }
}

function checkAccess(network: Network, namespace: string): void {
  if (network.metadata.deletionTimestamp !== undefined) throw new Refusal("the network is being deleted");
  const tenants = network.kind === "ClusterNetwork" ? network.spec.AllowedTenants ?? [] : [];
  if (tenants.length > 0 && !tenants.includes(namespace)) {
    throw new Refusal(`namespace is "${namespace}", must be one of its AllowedTenants ${tenants.join(", ")}`);
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

function checkPolicyRoutes(
  request: InterfaceRequest,
  terms: NetworkTerms,
  addresses: readonly AddressPlan[],
  usesOwnIpam: boolean,
): void {
  for (const [key, family, routes] of [["proutes", 4, request.proutes], ["proutes6", 6, request.proutes6]] as const) {
    if (routes.length === 0) continue;
    if (terms.table === undefined) throw new Refusal(`key ${key} is given, but the network has no rt_tables`);
    if (!usesOwnIpam && !addresses.some((address) => address.family === family)) {
      throw new Refusal(`key ${key} is given, but the interface has no IPv${family} address`);
    }
  }
}

function declinedFamilies({ ip, ip6 }: InterfaceRequest): Family[] {
  return ([[4, ip], [6, ip6]] as const).flatMap(([family, wanted]) => wanted?.kind === "none" ? [family] : []);
}
