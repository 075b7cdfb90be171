/** macvlan: links that the reference plugin makes, told by the network how. */

import { macvlanConfig } from "../../attach/delegate_config.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import type { Link } from "../../link/link.ts";
import { localMac } from "../../net/mac.ts";
import { allDone } from "../all_done.ts";
import { reservedSetup, stepsForBareLink } from "../interface_setup.ts";
import type { AttachContext, AttachedInterface, Backend } from "./backend.ts";
import { explainRefusal } from "./explain_refusal.ts";
import { findParent } from "./parent_link.ts";
import { recordInterface } from "./record_interface.ts";
import { reserveAddresses, reservedIps } from "./reserve_addresses.ts";
import { generatedChain, runChain } from "./run_chain.ts";

/** A macvlan link on the network's parent. */
export const macvlan: Backend = {
  takesDevice: false,
  prepare(plan, { hostLinks }) {
    const parent = findParent(plan, hostLinks);
    return { plan, attach: (context, signal) => attach(context, plan, parent, signal) };
  },
  delegatesRemoveLink: true,
  findDelegates: () => Promise.resolve([]), // a link and nothing else
};

async function attach(
  context: AttachContext,
  plan: InterfacePlan,
  parent: Link,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const mac = localMac(crypto.getRandomValues(new Uint8Array(6)));
  const addresses = await reserveAddresses(context, plan, signal);
  const setup = reservedSetup(plan, addresses, mac);
  const [result] = await allDone([
    explainRefusal(
      plan,
      parent,
      runChain(context, plan, generatedChain(macvlanConfig(plan, parent.name, mac)), signal),
    ),
    recordInterface(context, plan, setup, signal),
  ]);
  // The plugin was told no gateways and spoken to in a version without MTU, so its own answer lacks them.
  const interfaces = result.interfaces.map((link) => ({ mtu: parent.mtu, ...link }));
  const ips = reservedIps(plan, addresses);
  return { plan, setup, steps: stepsForBareLink(setup, mac), result: { ...result, interfaces, ips } };
}
