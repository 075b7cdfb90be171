/** NetworkAttachmentDefinitions: whatever the plugins make that they configure. */

import { definitionConfigs } from "../../attach/definitions/definition_configs.ts";
import type { NetworkSelection } from "../../attach/definitions/network_selection.ts";
import { unmetWishes } from "../../attach/definitions/unmet_wishes.ts";
import type { DelegateChain } from "../../attach/delegate_file.ts";
import { describeNetwork, type InterfacePlan } from "../../attach/interface_plan.ts";
import { namedLinks } from "../../attach/named_links.ts";
import { parseOwner } from "../../ipam/owner.ts";
import { isMac } from "../../net/mac.ts";
import { announce } from "../../link/interface_settings.ts";
import type { NamespaceStep } from "../../link/configure_namespace.ts";
import { readDefinition, readNodeDefinition } from "../definitions.ts";
import { addressesOf, delegatedSetup, type InterfaceSetup } from "../interface_setup.ts";
import type { AttachContext, AttachedInterface, Backend } from "./backend.ts";
import { copyDeviceInfo, deviceInfoFile } from "./device_info.ts";
import { onHostLinks } from "./host_links.ts";
import { recordInterface } from "./record_interface.ts";
import { runChain } from "./run_chain.ts";
import { withInterface } from "./with_interface.ts";

/** A Pod asks for a default route that its interface cannot have. */
export class DefaultRouteError extends Error {
  override readonly name = "DefaultRouteError";
}

/** Whatever the plugins of a definition make, with addresses of their own. */
export const attachmentDefinition: Backend = {
  takesDevice: true,
  async prepare(plan, view, signal) {
    const { chain: { configs, disableCheck }, links } = plan.made!;
    const chain = { configs: await onHostLinks(plan, configs, links, view, signal), disableCheck };
    const deviceId = view.devices.get(plan.index);
    return {
      plan,
      needs: namedLinks(plan.name, chain.configs),
      attach: (context, signal) => attach(context, plan, chain, signal, deviceId),
    };
  },
  delegatesRemoveLink: false,
  async findDelegates(services, { spec }, signal) {
    const { NetworkNamespace = "", NetworkName: name, Interface: { DeviceID: id, Name }, CID } = spec;
    const definition = await readDefinition(services, NetworkNamespace, name, signal);
    if (!definition) return [];
    const content = await readNodeDefinition(services, definition);
    if (!("chain" in content)) return [];
    return definitionConfigs(content.chain.configs, {
      index: parseOwner(spec.EndpointID)?.interfaceIndex ?? 0,
      runtimeConfig: services.config.runtimeConfig,
      selection: { name, warnings: [] },
      ...(id && { device: { id, infoFile: deviceInfoFile(`${NetworkNamespace}/${name}`, CID, Name) } }),
    });
  },
};

async function attach(
  context: AttachContext,
  plan: InterfacePlan,
  chain: DelegateChain,
  signal: AbortSignal,
  deviceId?: string,
): Promise<AttachedInterface> {
  const { services: { config, log }, target } = context;
  const { selection } = plan.selected!;
  const { metadata: { namespace, name } } = plan.network;
  const infoFile = deviceInfoFile(`${namespace}/${name}`, target.containerId, plan.name);
  const configs = definitionConfigs(chain.configs, {
    index: plan.index,
    runtimeConfig: config.runtimeConfig,
    selection,
    ...(deviceId !== undefined && { device: { id: deviceId, infoFile } }),
  });
  const isTold = configs.some(({ runtimeConfig }) => Object.hasOwn(runtimeConfig ?? {}, "CNIDeviceInfoFile"));
  const prepare = isTold ? () => copyDeviceInfo({ pool: plan.terms.devicePool!, id: deviceId! }, infoFile) : undefined;
  const returned = await runChain(context, plan, { ...chain, configs }, signal, prepare);
  const result = withInterface(returned, plan.name, target.netns);
  const setup = setupOf(selection, delegatedSetup(plan, result));
  for (const reason of unmetWishes(selection, plan.name, result)) {
    log.write("warning", "left out", { interface: plan.name, network: describeNetwork(plan.network), reason });
  }
  await recordInterface(context, plan, setup, signal, deviceId);
  return { plan, setup, steps: announcing(setup), result };
}

function setupOf({ defaultRoute = [] }: NetworkSelection, setup: InterfaceSetup): InterfaceSetup {
  const addresses = addressesOf(setup).map(({ address }) => address);
  for (const { family } of defaultRoute) {
    if (addresses.some((address) => address.family === family)) continue;
    throw new DefaultRouteError(
      `key default-route has an IPv${family} gateway, but the plugins gave the interface no IPv${family} address`,
    );
  }
  // Some make no link: they set something, or hand a device to a program of the Pod.
  return addresses.length > 0 ? setup : { ...setup, mayBeAbsent: true };
}

/** The interface is left as its plugins made it; but that it has its addresses now, its neighbours are told. */
function announcing({ name, mac, addresses }: InterfaceSetup): readonly NamespaceStep[] {
  return addresses.length > 0 && mac !== undefined && isMac(mac) ? announce(name, mac) : [];
}
