/** Makes one interface of a Pod: addresses, link, record. What is left to do inside the namespace comes after. */

import { macvlanConfig, type ReservedAddress, sriovConfig, staticConfigs } from "../attach/delegate_config.ts";
import { type DelegateChain, pickDelegateChain } from "../attach/delegate_file.ts";
import type { InterfacePlan } from "../attach/interface_plan.ts";
import { defaultGateway } from "../attach/network_terms.ts";
import type { IpConfig, Result } from "../cni/result.ts";
import { addDelegates } from "../delegate/delegate_chain.ts";
import { isUserspaceDriver, pciDriver } from "../host/devices/pci_driver.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { formatOwner } from "../ipam/owner.ts";
import { reserveAddress } from "../ipam/reserve_address.ts";
import type { NamespaceStep } from "../link/configure_namespace.ts";
import { ipBatch } from "../link/ip_batch.ts";
import type { Link } from "../link/link.ts";
import { addIpvlan, renameLink } from "../link/link_commands.ts";
import { formatAddress } from "../net/address.ts";
import { localMac } from "../net/mac.ts";
import { allDone } from "./all_done.ts";
import type { Attachment } from "./attachment.ts";
import type { BeginEntry } from "./attachment_entry.ts";
import { createEndpoint } from "./endpoint.ts";
import {
  delegatedSetup,
  type InterfaceSetup,
  reservedSetup,
  stepsForBareLink,
  stepsForDelegatedLink,
  stepsForOwnLink,
} from "./interface_setup.ts";
import { findParent } from "./parent_link.ts";
import { standInLink } from "./stand_in_link.ts";
import { temporaryName } from "./temporary_name.ts";

/** An interface whose link exists. */
export interface AttachedInterface {
  readonly plan: InterfacePlan;
  readonly setup: InterfaceSetup;
  /** What remains to be done in the namespace. */
  readonly steps: readonly NamespaceStep[];
  /** Its part of the CNI result. */
  readonly result: Result;
}

/** What the interfaces of one Pod have in common. */
export interface AttachContext extends Attachment {
  readonly begin: BeginEntry;
  /** Links of the host. */
  readonly hostLinks: readonly Link[];
  /** Device of each interface that is made of one, by interface index. */
  readonly devices: ReadonlyMap<number, string>;
}

/** Attaches `plan`. When it rejects, the journal says what to take back. */
export async function attachInterface(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  switch (plan.terms.type) {
    case "ipvlan":
      return await attachIpvlan(context, plan, signal);
    case "macvlan":
      return await attachMacvlan(context, plan, signal);
    case "sriov":
      return await attachSriov(context, plan, signal);
    default:
      return await attachStatic(context, plan, signal);
  }
}

async function attachIpvlan(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const parent = findParent(plan, context.hostLinks);
  const addresses = await reserveAddresses(context, plan, signal);
  const setup = reservedSetup(plan, addresses, parent.mac);
  const { netns } = context.target;
  // Kernels before 6.15 refuse a name that exists beside the parent, and every host has an eth0.
  const name = temporaryName(context.target.containerId, plan.index);
  await allDone([
    ipBatch([addIpvlan({ parent: parent.name, name, netnsPath: netns })], undefined, signal),
    record(context, plan, setup, signal),
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

async function attachMacvlan(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const parent = findParent(plan, context.hostLinks);
  const mac = localMac(crypto.getRandomValues(new Uint8Array(6)));
  const addresses = await reserveAddresses(context, plan, signal);
  const setup = reservedSetup(plan, addresses, mac);
  const [result] = await allDone([
    delegate(context, plan, generated(macvlanConfig(plan, parent.name, mac)), signal),
    record(context, plan, setup, signal),
  ]);
  // The plugin was told no gateways and spoken to in a version without MTU, so its own answer lacks them.
  const interfaces = result.interfaces.map((link) => ({ mtu: parent.mtu, ...link }));
  const ips = reservedIps(plan, addresses);
  return { plan, setup, steps: stepsForBareLink(setup, mac), result: { ...result, interfaces, ips } };
}

function reservedIps(plan: InterfacePlan, addresses: readonly ReservedAddress[]): IpConfig[] {
  return addresses.map(({ address, prefix }) => {
    const gateway = defaultGateway(plan.terms, address.family);
    return {
      address: `${formatAddress(address)}/${prefix}`,
      ...(gateway && { gateway: formatAddress(gateway) }),
      interface: 0,
    };
  });
}

async function attachSriov(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const deviceId = context.devices.get(plan.index)!;
  const [driver, addresses] = await allDone([pciDriver(deviceId, signal), reserveAddresses(context, plan, signal)]);
  const result = await delegate(context, plan, generated(sriovConfig(plan, addresses, deviceId)), signal);
  if (!isUserspaceDriver(driver)) return await finishDelegated(context, plan, result, signal, deviceId);
  const link = standInLink(context.target.containerId, plan, deviceId, result);
  const setup = reservedSetup(plan, addresses, link.mac);
  await record(context, plan, setup, signal, deviceId);
  return {
    plan,
    setup,
    steps: [...link.steps, ...stepsForOwnLink(setup)],
    result: {
      ...result,
      interfaces: [{ name: plan.name, mac: link.mac, sandbox: context.target.netns, pciID: deviceId }],
      ips: reservedIps(plan, addresses),
    },
  };
}

async function attachStatic(
  context: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const files = await readFolder(context.services.config.cniDir, [".conf", ".conflist"]);
  const chain = pickDelegateChain(files, plan.terms.networkId, plan.terms.type);
  const addresses = await reserveAddresses(context, plan, signal);
  const configs = staticConfigs(plan, addresses, chain.configs, context.services.config.runtimeConfig);
  const result = await delegate(context, plan, { ...chain, configs }, signal);
  return await finishDelegated(context, plan, withInterface(result, plan.name, context.target.netns), signal);
}

/**
 * Adds what a delegate may leave out and readers of DANM's result need: the interface, which the oldest versions of the
 * protocol do not have, and whose the addresses are.
 */
function withInterface(result: Result, name: string, sandbox: string): Result {
  const interfaces = result.interfaces.length > 0 ? result.interfaces : [{ name, sandbox }];
  const place = interfaces.findIndex((link) => link.name === name && link.sandbox !== undefined);
  const own = place < 0 ? {} : { interface: place };
  return { ...result, interfaces, ips: result.ips.map((ip) => ({ ...own, ...ip })) };
}

/** Records an interface that is wholly what its delegates returned. */
async function finishDelegated(
  context: AttachContext,
  plan: InterfacePlan,
  result: Result,
  signal: AbortSignal,
  deviceId?: string,
): Promise<AttachedInterface> {
  const setup = delegatedSetup(plan, result);
  await record(context, plan, setup, signal, deviceId);
  return { plan, setup, steps: stepsForDelegatedLink(setup), result };
}

/** Takes the planned addresses, each noted in the journal first. */
async function reserveAddresses(
  { services, target, journal, begin }: AttachContext,
  plan: InterfacePlan,
  signal: AbortSignal,
): Promise<ReservedAddress[]> {
  const { index } = plan;
  const owner = formatOwner({ podUid: begin.pod.uid, containerId: target.containerId, interfaceIndex: index });
  return await allDone(plan.addresses.map(({ pool, request }) =>
    reserveAddress(services.blocks, pool, request, {
      node: begin.host,
      owner,
      intend: (claim) => journal.append([{ type: "claim", index, claim }], { durable: true }),
      now: Date.now,
      signal,
    })
  ));
}

function generated(config: DelegateChain["configs"][number]): DelegateChain {
  return { configs: [config], disableCheck: false };
}

async function delegate(
  { target, journal }: AttachContext,
  plan: InterfacePlan,
  { configs, disableCheck }: DelegateChain,
  signal: AbortSignal,
): Promise<Result> {
  const { index } = plan;
  await journal.append([{ type: "delegates", index, configs, disableCheck }], { durable: true });
  const result = await addDelegates(configs, { ...target, ifName: plan.name }, signal) ??
    { interfaces: [], ips: [], routes: [], dns: {} };
  await journal.append([{ type: "delegated", index, result }], { durable: false });
  return result;
}

async function record(
  context: AttachContext,
  plan: InterfacePlan,
  setup: InterfaceSetup,
  signal: AbortSignal,
  deviceId?: string,
): Promise<void> {
  const { begin, target } = context;
  const owner = formatOwner({
    podUid: begin.pod.uid,
    containerId: target.containerId,
    interfaceIndex: plan.index,
  });
  await createEndpoint(
    context.services,
    { begin, containerId: target.containerId, owner, plan, setup, ...(deviceId !== undefined && { deviceId }) },
    signal,
  );
}
