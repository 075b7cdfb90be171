/** The VLAN and VXLAN links of the host that a definition's plugins make their interface on. */

import type { DelegateConfig } from "../../attach/delegate_config.ts";
import { describeNetwork, type InterfacePlan } from "../../attach/interface_plan.ts";
import { findLink, findVlan, findVxlan, type Link } from "../../link/link.ts";
import { readLinks } from "../../link/read_links.ts";
import { hostLinkText } from "../../reconcile/host_link.ts";
import type { WantedLink } from "../../reconcile/link_source.ts";
import { pause } from "../../time/pause.ts";
import type { NodeView } from "./backend.ts";
import { ParentMissingError } from "./parent_link.ts";

/** How long netwatcher has for making links that a new definition asks for, and how often to look, in milliseconds. */
const PATIENCE_MS = 10_000;
const PERIOD_MS = 100;

/**
 * The configurations `configs` with each `master` that names a link of `wanted` by its required name naming it by the name
 * it has. A link that is not there yet is waited for: a Pod may come at the same time as its definition.
 *
 * @throws {ParentMissingError} when there is no such interface for the link to be on, or netwatcher does not make the link
 */
export async function onHostLinks(
  plan: InterfacePlan,
  configs: readonly DelegateConfig[],
  wanted: readonly WantedLink[],
  { hostLinks, services: { log } }: NodeView,
  signal: AbortSignal,
): Promise<DelegateConfig[]> {
  const names = new Map<unknown, string>();
  let links = hostLinks;
  for (const one of wanted) {
    if (!findWanted(plan, one, links)) log.write("info", "waits for a host link", { link: hostLinkText(one) });
    for (const end = performance.now() + PATIENCE_MS;;) {
      const found = findWanted(plan, one, links);
      if (found) names.set(one.requiredName, found.name);
      if (found) break;
      if (performance.now() > end) throw missing(plan, one);
      await pause(PERIOD_MS);
      signal.throwIfAborted();
      links = await readLinks(undefined, undefined, signal);
    }
  }
  return configs.map((config) =>
    names.has(config["master"]) ? { ...config, master: names.get(config["master"]) } : config
  );
}

function findWanted(
  { network }: InterfacePlan,
  { device, type, vni }: WantedLink,
  links: readonly Link[],
): Link | undefined {
  const parent = findLink(links, device);
  if (!parent) {
    throw new ParentMissingError(`host interface ${device} of ${describeNetwork(network)} does not exist on this node`);
  }
  return (type === "vlan" ? findVlan : findVxlan)(links, parent.name, vni);
}

function missing({ network }: InterfacePlan, { device, type, vni }: WantedLink): ParentMissingError {
  return new ParentMissingError(
    `${type} link ${vni} on host interface ${device} of ${
      describeNetwork(network)
    } does not exist on this node after ` +
      `${PATIENCE_MS / 1000} s; netwatcher makes it`,
  );
}
