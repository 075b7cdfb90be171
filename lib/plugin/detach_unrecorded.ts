/** DEL for a container of which the node has no journal (its state folder was lost): the DanmEps tell what to remove. */

import type { DanmEp } from "../api/danm_ep.ts";
import { resourceFor } from "../api/resource.ts";
import { type DelegateConfig, requestConfig } from "../attach/delegate_config.ts";
import { DelegateFileError, pickDelegateChain } from "../attach/delegate_file.ts";
import { type DelegateTarget, deleteDelegates } from "../delegate/delegate_chain.ts";
import { readFolder } from "../host/read_folder.ts";
import { releaseAddress } from "../ipam/release_address.ts";
import { parseAddress } from "../net/address.ts";
import { deleteEndpoint } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
import { readNetwork } from "./pod.ts";
import { deleteLinks } from "./delete_links.ts";

/**
 * Removes the interface of `endpoint`, its addresses, and the DanmEp last: it is the only record.
 *
 * @param target as the runtime asked; `netns` is empty when the namespace is gone
 */
export async function detachUnrecorded(
  services: NodeServices,
  target: DelegateTarget,
  endpoint: DanmEp,
  signal: AbortSignal,
): Promise<void> {
  const { Interface: { Name }, netns } = endpoint.spec;
  const own = { ...target, netns: target.netns || netns, ifName: Name };
  await deleteDelegates(await delegateConfigs(services, endpoint, signal), own, undefined, signal);
  await deleteLinks(own.netns, [Name], signal);
  await releaseAll(services, endpoint, signal);
  await deleteEndpoint(services, endpoint.metadata.namespace!, endpoint.metadata.name, signal);
}

async function releaseAll({ blocks }: NodeServices, { metadata, spec }: DanmEp, signal: AbortSignal): Promise<void> {
  const { namespaced } = resourceFor(spec.apiType, "danm.k8s.io");
  const network = {
    kind: spec.apiType,
    name: spec.NetworkName,
    uid: spec.NetworkUID,
    ...(namespaced && { namespace: metadata.namespace! }),
  };
  const addresses = [spec.Interface.Address, spec.Interface.AddressIPv6]
    .flatMap((text) => parseAddress(text.split("/")[0]!) ?? []);
  await Promise.all(
    addresses.map((address) => releaseAddress(blocks, network, address, spec.EndpointID, new Date(), signal)),
  );
}

/** ipvlan and macvlan are links and nothing else; other backends may hold more, so they are asked to delete it. */
async function delegateConfigs(
  services: NodeServices,
  { metadata, spec }: DanmEp,
  signal: AbortSignal,
): Promise<DelegateConfig[]> {
  const type = spec.NetworkType;
  if (type === "ipvlan" || type === "macvlan") return [];
  if (type === "sriov") {
    return [{ cniVersion: "0.4.0", name: spec.NetworkName, type, deviceID: spec.Interface.DeviceID, ipam: {} }];
  }
  const network = await readNetwork(services, spec.apiType, metadata.namespace!, spec.NetworkName, signal);
  const files = await readFolder(services.config.cniDir, [".conf", ".conflist"]);
  try {
    const { configs } = pickDelegateChain(files, network?.spec.NetworkID, type);
    return configs.map((config) => requestConfig(config, {}));
  } catch (error) {
    if (error instanceof DelegateFileError) return [];
    throw error;
  }
}
