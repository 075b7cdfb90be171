/** The host's link that a Pod's interface is made on. */

import { describeNetwork, type InterfacePlan } from "../../attach/interface_plan.ts";
import { findLink, findVlan, findVxlan, type Link } from "../../link/link.ts";

/** The node does not have the link a network needs; says which. */
export class ParentMissingError extends Error {
  override readonly name = "ParentMissingError";
}

/**
 * Finds the parent of an ipvlan or macvlan interface. VLAN and VXLAN links are found by device and number, whatever
 * their name, so no two networks can share one by accident.
 *
 * @param links those of the host's namespace
 * @throws {ParentMissingError}
 */
export function findParent({ network, terms: { parent } }: InterfacePlan, links: readonly Link[]): Link {
  if (!parent) {
    throw new ParentMissingError(
      `Options.host_device of ${describeNetwork(network)} is missing, must name an interface`,
    );
  }
  const device = findLink(links, parent.device);
  if (!device) {
    throw new ParentMissingError(
      `host interface ${parent.device} of network ${describeNetwork(network)} does not exist on this node`,
    );
  }
  if (!parent.vni) return device;
  const { type, id } = parent.vni;
  const link = (type === "vlan" ? findVlan : findVxlan)(links, device.name, id);
  if (link) return link;
  throw new ParentMissingError(
    `${type} link ${id} on host interface ${parent.device} of network ${describeNetwork(network)} does not exist on ` +
      "this node; netwatcher makes it",
  );
}
