import { ATTACHMENT_DEFINITIONS, type AttachmentDefinition } from "../../api/attachment_definition.ts";
import { type Network, NETWORK_KINDS, type NetworkKind } from "../../api/network.ts";
import { apiVersionOf, resourceFor } from "../../api/resource.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import { definitionLinkSource } from "../../reconcile/attachment_definition.ts";
import type { LinkSource } from "../../reconcile/link_source.ts";
import type { Daemon } from "../daemon.ts";
import { watchResource } from "../watch_resource.ts";

/** Informers of the networks, by kind. */
export type NetworkInformers = Readonly<Record<NetworkKind, Informer<Network>>>;

/**
 * Follows the three kinds of network, whichever of them are installed, now or later. Items of a list do not say what they
 * are, so that is added.
 */
export function followNetworks(daemon: Daemon, changed: () => void): NetworkInformers {
  const apiVersion = apiVersionOf(daemon.apiGroup);
  const informers = NETWORK_KINDS.map((kind) => {
    const resource = resourceFor(kind, daemon.apiGroup);
    const transform = (network: Network) => ({ ...network, apiVersion, kind }) as Network;
    return [kind, watchResource<Network>(daemon, { resource, transform }, changed)];
  });
  return Object.fromEntries(informers);
}

/** Follows NetworkAttachmentDefinitions, installed or not, as what they ask for. */
export function followDefinitions(daemon: Daemon, changed: () => void): Informer<LinkSource> {
  const { group, version } = ATTACHMENT_DEFINITIONS;
  return watchResource<AttachmentDefinition, LinkSource>(daemon, {
    resource: ATTACHMENT_DEFINITIONS,
    transform: (definition) =>
      definitionLinkSource({
        ...definition,
        apiVersion: `${group}/${version}`,
        kind: "NetworkAttachmentDefinition",
      }),
  }, changed);
}
