import { ATTACHMENT_DEFINITIONS, type AttachmentDefinition } from "../../api/attachment_definition.ts";
import { type Network, NETWORK_KINDS } from "../../api/network.ts";
import { apiVersionOf, resourceFor } from "../../api/resource.ts";
import type { Informer } from "../../kube/watch/informer.ts";
import { definitionLinkSource } from "../../reconcile/attachment_definition.ts";
import { type LinkSource, networkLinkSource } from "../../reconcile/link_source.ts";
import type { Daemon } from "../daemon.ts";
import { watchResource } from "../watch_resource.ts";

/**
 * Informers of all that asks for host links: the three kinds of network and NetworkAttachmentDefinitions, whichever of
 * them are installed, now or later. Items of a list do not say what they are, so that is added.
 */
export function followLinkSources(daemon: Daemon, changed: () => void): Informer<LinkSource>[] {
  const apiVersion = apiVersionOf(daemon.apiGroup);
  const networks = NETWORK_KINDS.map((kind) =>
    watchResource<Network, LinkSource>(daemon, {
      resource: resourceFor(kind, daemon.apiGroup),
      transform: (network) => networkLinkSource({ ...network, apiVersion, kind } as Network),
    }, changed)
  );
  const { group, version } = ATTACHMENT_DEFINITIONS;
  const definitions = watchResource<AttachmentDefinition, LinkSource>(daemon, {
    resource: ATTACHMENT_DEFINITIONS,
    transform: (definition) =>
      definitionLinkSource({
        ...definition,
        apiVersion: `${group}/${version}`,
        kind: "NetworkAttachmentDefinition",
      }),
  }, changed);
  return [...networks, definitions];
}
