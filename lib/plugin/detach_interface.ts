/** Takes back one interface: link, record, addresses. */

import { DEFINITION_KIND } from "../api/attachment_definition.ts";
import type { DanmEp } from "../api/danm_ep.ts";
import { resourceFor } from "../api/resource.ts";
import type { DelegateConfig } from "../attach/delegate_config.ts";
import { DelegateFileError } from "../attach/delegate_file.ts";
import { namedLinks } from "../attach/named_links.ts";
import { type DelegateTarget, deleteDelegates } from "../delegate/delegate_chain.ts";
import { releaseAddress, releaseClaim } from "../ipam/release_address.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { allDone } from "./all_done.ts";
import { backendOf } from "./backends/backend_of.ts";
import { removeDeviceInfo } from "./backends/device_info.ts";
import { cleanNamespace, deleteRulesFrom } from "./clean_namespace.ts";
import type { Detachment } from "./detach_all.ts";
import { deleteEndpoint } from "./endpoint.ts";
import type { NodeServices } from "./node_services.ts";
import type { Remains } from "./remains.ts";
import { temporaryName } from "./temporary_name.ts";
import { traced } from "./traced.ts";

/** The attachment that an interface is of. */
export interface DetachContext {
  readonly services: NodeServices;
  /** `netns` is where the interface is; empty when that is gone. */
  readonly target: DelegateTarget;
  /** Namespace of the Pod, where it is known. */
  readonly namespace: string | undefined;
  /** Whether its ADD is known to have succeeded. */
  readonly isComplete: boolean;
}

/** What it takes to remove an interface. Its delegates are asked for before: they tell which others it needs. */
export async function planDetachment(
  context: DetachContext,
  remains: Remains,
  signal: AbortSignal,
): Promise<Detachment> {
  const { name, needs } = remains;
  const finding = findDelegates(context.services, remains, signal);
  const [found] = await Promise.allSettled([finding]);
  return {
    name,
    needs: needs ?? (found.status === "fulfilled" ? namedLinks(name, found.value).names : []),
    detach: async () => await detachInterface(context, remains, await finding, signal),
  };
}

async function findDelegates(
  services: NodeServices,
  { kind, type, delegates, endpoint }: Remains,
  signal: AbortSignal,
): Promise<readonly DelegateConfig[]> {
  if (delegates) return delegates.configs;
  if (!endpoint) return [];
  try {
    return await backendOf(kind, type).findDelegates(services, endpoint, signal);
  } catch (error) {
    if (error instanceof DelegateFileError) return [];
    throw error;
  }
}

/**
 * Removes what there is of an interface. The addresses come last: one that is free again must not be on any link. A DanmEp
 * that the journal names need not wait for the link, which takes the kernel as long as a first request takes; one that may
 * be the only record goes when all else has gone.
 */
async function detachInterface(
  context: DetachContext,
  remains: Remains,
  configs: readonly DelegateConfig[],
  signal: AbortSignal,
): Promise<void> {
  const { services, namespace } = context;
  const { name, endpoint, recordedAs, claims } = remains;
  const step = <T>(what: string, work: () => Promise<T>) => traced(services, what, work, { interface: name });
  const isOnlyRecord = endpoint !== undefined || recordedAs === undefined || namespace === undefined;
  await allDone([
    step("remove the link", () => removeLink(context, remains, configs, signal)),
    ...(isOnlyRecord ? [] : [step("delete the DanmEp", () => deleteEndpoint(services, namespace, recordedAs, signal))]),
  ]);
  await step(
    "release addresses",
    () => allDone(claims.map((claim) => releaseClaim(services.blocks, claim, new Date(), signal))),
  );
  if (endpoint) await removeEndpoint(context, endpoint, signal);
}

async function removeLink(
  { services: { log }, target, isComplete }: DetachContext,
  { index, name, kind, type, delegates, rules }: Remains,
  configs: readonly DelegateConfig[],
  signal: AbortSignal,
): Promise<void> {
  const passedOver = await deleteDelegates(configs, { ...target, ifName: name }, delegates?.result, signal);
  await removeDeviceInfo(configs);
  passedOver.forEach((reason) => log.write("warning", "delegate passed over", { interface: name, reason }));
  // Delegates that failed half-way may have left the link, and not all remove it then.
  const wasRemoved = delegates !== undefined && passedOver.length === 0 && isComplete &&
    backendOf(kind, type).delegatesRemoveLink;
  const temporary = index === undefined ? [] : [temporaryName(target.attachment, index)];
  await cleanNamespace(target.netns, { links: wasRemoved ? [] : [name, ...temporary], rules }, signal);
}

/** Releases what a DanmEp says, and deletes it. */
async function removeEndpoint(
  { services, target }: DetachContext,
  endpoint: DanmEp,
  signal: AbortSignal,
): Promise<void> {
  const { metadata, spec } = endpoint;
  const { proutes, proutes6 } = spec.Interface;
  // The original system stored null for none.
  const hasRules = Object.keys(proutes ?? {}).length + Object.keys(proutes6 ?? {}).length > 0;
  await deleteRulesFrom(target.netns, hasRules ? addressesOf(endpoint) : [], signal);
  await releaseAll(services, endpoint, signal);
  await deleteEndpoint(services, metadata.namespace!, metadata.name, signal);
}

function addressesOf({ spec: { Interface } }: DanmEp): Address[] {
  return [Interface.Address, Interface.AddressIPv6].flatMap((text) => parseAddress(text.split("/")[0]!) ?? []);
}

/** Addresses of a definition's interface are its plugins' own. */
async function releaseAll({ blocks }: NodeServices, endpoint: DanmEp, signal: AbortSignal): Promise<void> {
  const { metadata, spec } = endpoint;
  const { apiType: kind } = spec;
  if (kind === DEFINITION_KIND) return;
  const { namespaced } = resourceFor(kind, "danm.k8s.io");
  const network = {
    kind,
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
