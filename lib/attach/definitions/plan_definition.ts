/** The interface that a selected definition comes to. */

import { RESOURCE_NAME } from "../../api/attachment_definition.ts";
import type { Address } from "../../net/address.ts";
import { InterfaceNameError } from "../interface_names.ts";
import type { InterfacePlan } from "../interface_plan.ts";
import type { DefinitionWish } from "../interface_wish.ts";
import type { NetworkTerms } from "../network_terms.ts";
import type { Route } from "../route.ts";
import type { NetworkSelection } from "./network_selection.ts";

/**
 * Plans an interface that the plugins of a definition make, with addresses of their own.
 *
 * @param first what the runtime calls the Pod's first interface, which keeps that name whatever takes its place
 * @throws {InterfaceNameError}
 */
export function planDefinition(
  { selected, chain, links }: DefinitionWish,
  { index, name }: Pick<InterfacePlan, "index" | "name">,
  first: string,
): InterfacePlan {
  const { definition, selection } = selected;
  if (selected.place === 0 && selection.interface !== undefined && selection.interface !== first) {
    throw new InterfaceNameError(
      `Cannot name interface ${index}: the Pod calls it "${selection.interface}", must be "${first}" or without a name`,
    );
  }
  const devicePool = definition.metadata.annotations?.[RESOURCE_NAME]?.trim();
  const terms: NetworkTerms = {
    type: chain.configs[0]!.type.toLowerCase(),
    isDynamic: false,
    ...(devicePool && { devicePool }),
    pools: {},
    routes: [],
  };
  return {
    index,
    name,
    network: definition,
    terms: planDefaultRoute(terms, selection),
    addresses: [],
    usesOwnIpam: true,
    declined: [],
    policyRoutes: [],
    warnings: selection.warnings,
    selected,
    made: { chain, links },
  };
}

/** The terms with the default routes that the Pod asks for in place of the network's own of those families. */
export function planDefaultRoute(terms: NetworkTerms, { defaultRoute = [] }: NetworkSelection): NetworkTerms {
  if (defaultRoute.length === 0) return terms;
  const isReplaced = ({ destination: { family, prefix } }: Route) =>
    prefix === 0 && defaultRoute.some((gateway) => gateway.family === family);
  return {
    ...terms,
    routes: [...terms.routes.filter((route) => !isReplaced(route)), ...defaultRoute.map(defaultVia)],
  };
}

function defaultVia(gateway: Address): Route {
  return { destination: { family: gateway.family, base: 0n, prefix: 0 }, gateway };
}
