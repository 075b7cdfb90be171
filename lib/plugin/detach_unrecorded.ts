/** DEL for a container of which the node has no journal (its state folder was lost): the DanmEps tell what to remove. */

import type { DanmEp } from "../api/danm_ep.ts";
import { resourceFor } from "../api/resource.ts";
import type { DelegateConfig } from "../attach/delegate_config.ts";
import { namedLinks } from "../attach/named_links.ts";
import { type DelegateTarget, deleteDelegates } from "../delegate/delegate_chain.ts";
import { releaseAddress } from "../ipam/release_address.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { backendOf } from "./backends/backend_of.ts";
import { cleanNamespace, deleteRulesFrom } from "./clean_namespace.ts";
import { detachAll, type Detachment } from "./detach_all.ts";
import { deleteEndpoint } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
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
    await Promise.all(endpoints.map((endpoint) => planDetachment(services, target, endpoint, signal))),
  );
}

/** The delegates of all are known before the first is asked: what they are told says which interface needs which. */
async function planDetachment(
  services: NodeServices,
  target: DelegateTarget,
  endpoint: DanmEp,
  signal: AbortSignal,
): Promise<Detachment> {
  const { Interface: { Name: name }, NetworkType } = endpoint.spec;
  const delegates = backendOf(NetworkType).findDelegates(services, endpoint, signal);
  const [found] = await Promise.allSettled([delegates]);
  return {
    name,
    needs: found.status === "fulfilled" ? namedLinks(name, found.value).names : [],
    detach: async () => await detachEndpoint(services, target, endpoint, await delegates, signal),
  };
}

/** The DanmEp goes last: it is the only record. */
async function detachEndpoint(
  services: NodeServices,
  target: DelegateTarget,
  endpoint: DanmEp,
  delegates: readonly DelegateConfig[],
  signal: AbortSignal,
): Promise<void> {
  const { spec, metadata } = endpoint;
  const { Name, proutes, proutes6 } = spec.Interface;
  const netns = await findNamespaceToClean(target.netns, spec, signal);
  const own = { ...target, netns, ifName: Name };
  const passedOver = await deleteDelegates(delegates, own, undefined, signal);
  passedOver.forEach((reason) => services.log.write("warning", "delegate passed over", { interface: Name, reason }));
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
