/** The cluster's record of an interface that is being made. */

import type { InterfacePlan } from "../../attach/interface_plan.ts";
import type { Result } from "../../cni/result.ts";
import { createEndpoint } from "../endpoint.ts";
import { delegatedSetup, type InterfaceSetup, stepsForDelegatedLink } from "../interface_setup.ts";
import { traced } from "../traced.ts";
import type { AttachContext, AttachedInterface } from "./backend.ts";
import { ownerOf } from "./reserve_addresses.ts";

/** Creates the DanmEp of `plan`, whose link will be as `setup` says. */
export async function recordInterface(
  context: AttachContext,
  plan: InterfacePlan,
  setup: InterfaceSetup,
  signal: AbortSignal,
  deviceId?: string,
): Promise<void> {
  const { begin, target, services } = context;
  const device = deviceId === undefined ? {} : { deviceId };
  const endpoint = { begin, target, owner: ownerOf(context, plan), plan, setup, ...device };
  await traced(services, "create the DanmEp", () => createEndpoint(services, endpoint, signal), {
    interface: plan.name,
  });
}

/** Records an interface that is wholly what its delegates returned. */
export async function recordDelegated(
  context: AttachContext,
  plan: InterfacePlan,
  result: Result,
  signal: AbortSignal,
  deviceId?: string,
): Promise<AttachedInterface> {
  const setup = delegatedSetup(plan, result);
  await recordInterface(context, plan, setup, signal, deviceId);
  return { plan, setup, steps: stepsForDelegatedLink(setup), result };
}
