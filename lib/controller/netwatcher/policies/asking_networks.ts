import type { ObjectMeta } from "../../../api/kube_object.ts";
import type { Informer } from "../../../kube/watch/informer.ts";
import { asksForPolicies } from "../../../policy/asks_for_policies.ts";
import { networkKey } from "../../../policy/network_key.ts";
import type { LinkSource } from "../../../reconcile/link_source.ts";
import type { NetworkInformers } from "../follow_link_sources.ts";

/**
 * Whether each network and definition asks for policies on what its plugin makes, by `networkKey()`; undefined until all of
 * them are known.
 */
export function askingNetworks(
  networks: NetworkInformers,
  definitions: Informer<LinkSource>,
): Map<string, boolean> | undefined {
  if (![...Object.values(networks), definitions].every(({ hasSynced }) => hasSynced)) return undefined;
  return new Map([
    ...Object.values(networks).flatMap((informer) => informer.list()).map(({ kind, metadata }) =>
      [keyOf(kind, metadata), asksForPolicies(metadata)] as const
    ),
    ...definitions.list().map(({ kind, metadata, asksForPolicies = false }) =>
      [keyOf(kind, metadata), asksForPolicies] as const
    ),
  ]);
}

function keyOf(kind: string, { namespace, name }: ObjectMeta): string {
  return networkKey({ kind, name, ...(namespace !== undefined && { namespace }) });
}
