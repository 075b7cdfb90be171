/** sriov: a virtual function that the Pod got from a device plugin. */

import { sriovConfig } from "../../attach/delegate_config.ts";
import type { InterfacePlan } from "../../attach/interface_plan.ts";
import { isUserspaceDriver, pciDriver } from "../../host/devices/pci_driver.ts";
import { reservedSetup, stepsForOwnLink } from "../interface_setup.ts";
import type { AttachContext, AttachedInterface, Backend } from "./backend.ts";
import { recordDelegated, recordInterface } from "./record_interface.ts";
import { reserveAddresses, reservedIps } from "./reserve_addresses.ts";
import { generatedChain, runChain } from "./run_chain.ts";
import { standInLink } from "./stand_in_link.ts";

/** The virtual function's own link or, where a program of the Pod drives it, a link that stands in for it. */
export const sriov: Backend = {
  takesDevice: true,
  async prepare(plan, { devices }, signal) {
    const deviceId = devices.get(plan.index)!;
    const attach = isUserspaceDriver(await pciDriver(deviceId, signal)) ? attachStandIn : attachFunction;
    return { plan, attach: (context, signal) => attach(context, plan, deviceId, signal) };
  },
  delegatesRemoveLink: false,
  findDelegates(_services, { spec }) {
    const { NetworkName: name, NetworkType: type, Interface: { DeviceID: deviceID } } = spec;
    return Promise.resolve([{ cniVersion: "0.4.0", name, type, deviceID, ipam: {} }]);
  },
};

async function attachFunction(
  context: AttachContext,
  plan: InterfacePlan,
  deviceId: string,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const addresses = await reserveAddresses(context, plan, signal);
  const result = await runChain(context, plan, generatedChain(sriovConfig(plan, addresses, deviceId)), signal);
  return await recordDelegated(context, plan, result, signal, deviceId);
}

async function attachStandIn(
  context: AttachContext,
  plan: InterfacePlan,
  deviceId: string,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const { attachment, netns } = context.target;
  const addresses = await reserveAddresses(context, plan, signal);
  const result = await runChain(context, plan, generatedChain(sriovConfig(plan, addresses, deviceId)), signal);
  const link = standInLink(attachment, plan, deviceId, result);
  const setup = reservedSetup(plan, addresses, link.mac);
  await recordInterface(context, plan, setup, signal, deviceId);
  return {
    plan,
    setup,
    steps: [...link.steps, ...stepsForOwnLink(setup)],
    result: {
      ...result,
      interfaces: [{ name: plan.name, mac: link.mac, sandbox: netns, pciID: deviceId }],
      ips: reservedIps(plan, addresses),
    },
  };
}
