/** Static delegates: plugins that a file of the node configures, for every NetworkType that has no backend of its own. */

import type { NetworkKind } from "../../api/network.ts";
import { requestConfigs, staticConfigs } from "../../attach/delegate_config.ts";
import { type DelegateChain, pickDelegateChain } from "../../attach/delegate_file.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import { namedLinks } from "../../attach/named_links.ts";
import { readFolder } from "../../host/files/read_folder.ts";
import { parseOwner } from "../../ipam/owner.ts";
import type { NodeServices } from "../node_services.ts";
import { readNetwork } from "../pod.ts";
import type { AttachContext, AttachedInterface, Backend } from "./backend.ts";
import { recordDelegated } from "./record_interface.ts";
import { reserveAddresses } from "./reserve_addresses.ts";
import { runChain } from "./run_chain.ts";
import { withInterface } from "./with_interface.ts";

/** Whatever the plugins of the network's file make. */
export const staticDelegate: Backend = {
  takesDevice: true,
  async prepare(plan, { services, devices }) {
    const chain = await readChain(services, plan.terms.networkId, plan.terms.type);
    const needs = namedLinks(plan.name, chain.configs);
    const deviceId = devices.get(plan.index);
    return { plan, needs, attach: (context, signal) => attach(context, plan, chain, signal, deviceId) };
  },
  delegatesRemoveLink: false,
  async findDelegates(services, { metadata, spec }, signal) {
    const kind = spec.apiType as NetworkKind; // a definition has a backend of its own
    const network = await readNetwork(services, kind, metadata.namespace!, spec.NetworkName, signal);
    const { configs } = await readChain(services, network?.spec.NetworkID, spec.NetworkType);
    const index = parseOwner(spec.EndpointID)?.interfaceIndex ?? 0;
    return requestConfigs(configs, index, services.config.runtimeConfig, spec.Interface.DeviceID || undefined);
  },
};

/** @throws {DelegateFileError} */
async function readChain({ config }: NodeServices, networkId: string | undefined, type: string): Promise<
  DelegateChain
> {
  return pickDelegateChain(await readFolder(config.cniDir, [".conf", ".conflist"]), networkId, type);
}

async function attach(
  context: AttachContext,
  plan: InterfacePlan,
  chain: DelegateChain,
  signal: AbortSignal,
  deviceId?: string,
): Promise<AttachedInterface> {
  const addresses = await reserveAddresses(context, plan, signal);
  const { runtimeConfig } = context.services.config;
  const configs = staticConfigs(plan, addresses, chain.configs, runtimeConfig, deviceId);
  const result = await runChain(context, plan, { ...chain, configs }, signal);
  const told = withInterface(result, plan.name, context.target.netns);
  return await recordDelegated(context, plan, told, signal, deviceId);
}
