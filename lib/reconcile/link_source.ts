/** Which host links an object of the API asks for. */

import type { ObjectMeta } from "../api/kube_object.ts";
import { type Network, networkOptions } from "../api/network.ts";
import { asksForPolicies } from "../policy/asks_for_policies.ts";
import { readNetworkTerms } from "../attach/network_terms.ts";
import { type HostLinkId, networkLinkName } from "./host_link.ts";

/** A host link that an object asks for. */
export interface WantedLink extends HostLinkId {
  /** The name it should have if that is free. */
  readonly preferredName?: string;
  /** A name it must answer to, or who asks for it cannot find it. */
  readonly requiredName?: string;
}

/** A network or NetworkAttachmentDefinition, reduced to what host links depend on. */
export interface LinkSource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly wanted: readonly WantedLink[];
  /** What is wrong with the object, in sentences. */
  readonly problems: readonly string[];
  /** For a NetworkAttachmentDefinition: the configuration that it should have instead, once its links are there. */
  readonly rewritten?: string;
  /** Present when it wants policies to hold on interfaces that a plugin makes. */
  readonly asksForPolicies?: true;
}

/** What `network` asks for: at most one link. A network that danm refuses asks for none. */
export function networkLinkSource(network: Network): LinkSource {
  const { host_device, vlan, vxlan } = networkOptions(network);
  const none = { ...identityOf(network), wanted: [], problems: [] };
  if (!host_device || !(vlan || vxlan)) return none;
  try {
    const { parent, networkId } = readNetworkTerms(network);
    if (!parent?.vni) return none;
    const id = { device: parent.device, type: parent.vni.type, vni: parent.vni.id };
    const preferredName = networkId && networkLinkName(networkId, id);
    return { ...none, wanted: [{ ...id, ...(preferredName && { preferredName }) }] };
  } catch (error) {
    return { ...none, problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** What is kept of an object whether it asks for links or not. */
export function identityOf(
  { apiVersion, kind, metadata }: Pick<LinkSource, "apiVersion" | "kind" | "metadata">,
): Pick<LinkSource, "apiVersion" | "kind" | "metadata" | "asksForPolicies"> {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(creationTimestamp !== undefined && { creationTimestamp }),
    },
    ...(asksForPolicies(metadata) && { asksForPolicies: true }),
  };
}
