/** The kernel link that stands in for a device which a program of the Pod drives itself. */

import type { InterfacePlan } from "../../attach/interface_plan.ts";
import type { Result } from "../../cni/result.ts";
import type { NamespaceStep } from "../../link/configure_namespace.ts";
import { addDummy, addVlan, setAlias, setMac, setUp } from "../../link/link_commands.ts";
import { isMac, localMac } from "../../net/mac.ts";
import { temporaryName } from "../temporary_name.ts";

/** A link that is to be made in the Pod's namespace. */
export interface StandInLink {
  readonly mac: string;
  readonly steps: readonly NamespaceStep[];
}

/**
 * A dummy link of the interface's name that tells the Pod's program what it must use: addresses and routes as on any
 * other interface, the device's Ethernet address, its PCI address as alias, and its VLAN, if there is one, by being a
 * VLAN link on a dummy of a temporary name.
 *
 * @param attachment its key
 * @param result what the sriov plugin returned about the device
 */
export function standInLink(attachment: string, plan: InterfacePlan, deviceId: string, result: Result): StandInLink {
  const mac = result.interfaces.find((link) => link.mac !== undefined && isMac(link.mac))?.mac ??
    localMac(crypto.getRandomValues(new Uint8Array(6)));
  const { name, terms: { vlan } } = plan;
  const base = vlan === undefined ? name : temporaryName(attachment, plan.index);
  const link = [addDummy(base), setMac(base, mac)];
  const tagged = vlan === undefined ? [] : [setUp(base), addVlan({ parent: base, name, id: vlan })];
  return { mac, steps: [...link, ...tagged, setAlias(name, deviceId)].map((ip) => ({ ip })) };
}
