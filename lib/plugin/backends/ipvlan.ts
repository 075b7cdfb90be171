/** ipvlan: links that danm makes itself. */

import type { InterfacePlan } from "../../attach/interface_plan.ts";
import { ipBatch } from "../../link/ip_batch.ts";
import type { Link } from "../../link/link.ts";
import { addIpvlan, renameLink } from "../../link/link_commands.ts";
import { allDone } from "../all_done.ts";
import { reservedSetup, stepsForOwnLink } from "../interface_setup.ts";
import { temporaryName } from "../temporary_name.ts";
import { traced } from "../traced.ts";
import type { AttachContext, AttachedInterface, Backend } from "./backend.ts";
import { explainRefusal } from "./explain_refusal.ts";
import { findParent } from "./parent_link.ts";
import { recordInterface } from "./record_interface.ts";
import { reserveAddresses, reservedIps } from "./reserve_addresses.ts";

/** An ipvlan link on the network's parent. */
export const ipvlan: Backend = {
  takesDevice: false,
  prepare(plan, { hostLinks }) {
    const parent = findParent(plan, hostLinks);
    return { plan, attach: (context, signal) => attach(context, plan, parent, signal) };
  },
  delegatesRemoveLink: false,
  findDelegates: () => Promise.resolve([]), // a link and nothing else
};

async function attach(
  context: AttachContext,
  plan: InterfacePlan,
  parent: Link,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const addresses = await reserveAddresses(context, plan, signal);
  const setup = reservedSetup(plan, addresses, parent.mac);
  const { services, target: { attachment, netns } } = context;
  // Kernels before 6.15 refuse a name that exists beside the parent, and every host has an eth0.
  const name = temporaryName(attachment, plan.index);
  const make = () => ipBatch([addIpvlan({ parent: parent.name, name, netnsPath: netns })], undefined, signal);
  await allDone([
    explainRefusal(plan, parent, traced(services, "make the link", make, { interface: plan.name })),
    recordInterface(context, plan, setup, signal),
  ]);
  return {
    plan,
    setup,
    steps: [{ ip: renameLink(name, plan.name) }, ...stepsForOwnLink(setup)],
    result: {
      interfaces: [{ name: plan.name, mtu: parent.mtu, sandbox: netns, ...(setup.mac && { mac: setup.mac }) }],
      ips: reservedIps(plan, addresses),
      routes: [],
      dns: {},
    },
  };
}
