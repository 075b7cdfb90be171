/** Lets delegates make an interface, so that whatever happens they can be asked to take it back. */

import type { DelegateConfig } from "../../attach/delegate_config.ts";
import type { DelegateChain } from "../../attach/delegate_file.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import type { Interface, Result } from "../../cni/result.ts";
import { addDelegates } from "../../delegate/delegate_chain.ts";
import { isZeroMac } from "../../net/mac.ts";
import { traced } from "../traced.ts";
import type { AttachContext } from "./backend.ts";

/** A chain of one plugin, whose configuration DANM made. */
export function generatedChain(config: DelegateConfig): DelegateChain {
  return { configs: [config], disableCheck: false };
}

/**
 * Runs the chain for `plan`, noted in the journal before and after. Resolves to what it returned.
 *
 * @param prepare what is to be done before the first plugin runs, and taken back by what the journal says of them
 */
export async function runChain(
  { services, target, journal }: AttachContext,
  { index, name }: InterfacePlan,
  { configs, disableCheck }: DelegateChain,
  signal: AbortSignal,
  prepare?: () => Promise<void>,
): Promise<Result> {
  await journal.append([{ type: "delegates", index, name, configs, disableCheck }], { durable: true });
  await prepare?.();
  const add = () => addDelegates(configs, { ...target, ifName: name }, signal);
  const result = await traced(services, "run delegates", add, { interface: name }) ??
    { interfaces: [], ips: [], routes: [], dns: {} };
  await journal.append([{ type: "delegated", index, result }], { durable: false });
  return { ...result, interfaces: result.interfaces.map(withoutZeroMac) };
}

/** Plugins may say nothing but zeros of a device that has no address yet (a virtual function before its driver). */
function withoutZeroMac({ mac, ...rest }: Interface): Interface {
  return mac === undefined || isZeroMac(mac) ? rest : { ...rest, mac };
}
