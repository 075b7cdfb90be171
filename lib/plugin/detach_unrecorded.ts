/** DEL for a container of which the node has no journal (its state folder was lost): the DanmEps tell what to remove. */

import type { DanmEp } from "../api/danm_ep.ts";
import { resourceFor } from "../api/resource.ts";
import { type DelegateConfig, requestConfig } from "../attach/delegate_config.ts";
import { DelegateFileError, pickDelegateChain } from "../attach/delegate_file.ts";
import { type DelegateTarget, deleteDelegates } from "../delegate/delegate_chain.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { releaseAddress } from "../ipam/release_address.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { cleanNamespace, deleteRulesFrom } from "./clean_namespace.ts";
import { detachAll } from "./detach_all.ts";
import { deleteEndpoint } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
import { readNetwork } from "./pod.ts";
import { findNamespaceToClean } from "./pod_namespace.ts";

/**
 * Removes the interfaces of `endpoints`, which are one container's.
 *
 * @param target as the runtime asked; `netns` is empty when the namespace is gone
 * @throws {DetachError} when something is left; its DanmEp stays then
 */
export async function detachUnrecorded(
  services: NodeServices,
  target: DelegateTarget,
  endpoints: readonly DanmEp[],
  signal: AbortSignal,
): Promise<void> {
  await detachAll(
    services.log,
    endpoints.map((endpoint) => ({
      name: endpoint.spec.Interface.Name,
      detach: () => detachEndpoint(services, target, endpoint, signal),
    })),
  );
}

/** The DanmEp goes last: it is the only record. */
async function detachEndpoint(
  services: NodeServices,
  target: DelegateTarget,
  endpoint: DanmEp,
  signal: AbortSignal,
): Promise<void> {
  const { spec, metadata } = endpoint;
  const { Name, proutes, proutes6 } = spec.Interface;
  const netns = await findNamespaceToClean(target.netns, spec, signal);
  const own = { ...target, netns, ifName: Name };
  await deleteDelegates(await delegateConfigs(services, endpoint, signal), own, undefined, signal);
  await cleanNamespace(netns, { links: [Name], rules: [] }, signal);
  // The original system stored null for none.
  const hasRules = Object.keys(proutes ?? {}).length + Object.keys(proutes6 ?? {}).length > 0;
  await deleteRulesFrom(netns, hasRules ? addressesOf(endpoint) : [], signal);
  await releaseAll(services, endpoint, signal);
  await deleteEndpoint(services, metadata.namespace!, metadata.name, signal);
}

function addressesOf({ spec: { Interface } }: DanmEp): Address[] {
  return [Interface.Address, Interface.AddressIPv6].flatMap((text) => parseAddress(text.split("/")[0]!) ?? []);
}

async function releaseAll(
  { blocks }: NodeServices,
  endpoint: DanmEp,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, spec } = endpoint;
  const { namespaced } = resourceFor(spec.apiType, "danm.k8s.io");
  const network = {
    kind: spec.apiType,
    name: spec.NetworkName,
    uid: spec.NetworkUID,
    ...(namespaced && { namespace: metadata.namespace! }),
  };
  await Promise.all(
    addressesOf(endpoint).map((address) =>
      releaseAddress(blocks, network, address, spec.EndpointID, new Date(), signal)
    ),
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
