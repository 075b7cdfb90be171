/** NetworkAttachmentDefinitions as the cluster has them, and what they come to. */

import { ATTACHMENT_DEFINITIONS, type AttachmentDefinition } from "../api/attachment_definition.ts";
import {
  type DefinitionContent,
  isInFile,
  ownConfig,
  pickDefinitionFile,
  readDefinitionContent,
} from "../attach/definitions/definition_chain.ts";
import { DelegateFileError } from "../attach/delegate_file.ts";
import { describeNetwork } from "../attach/interface_plan.ts";
import { readFolder } from "../host/files/read_folder.ts";
import { isNotFound } from "../kube/client/kube_error.ts";
import { definitionLinkSource } from "../reconcile/attachment_definition.ts";
import type { WantedLink } from "../reconcile/link_source.ts";
import type { NodeServices } from "./node_services.ts";

/** What a definition comes to on this node. */
export type NodeDefinition = DefinitionContent & {
  /** VLAN and VXLAN links of the host that its plugins are to find under their required names. */
  readonly links: readonly WantedLink[];
};

/** The definition, or undefined when there is none, or its kind is not installed. */
export async function readDefinition(
  { kube }: NodeServices,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<AttachmentDefinition | undefined> {
  try {
    return await kube.get<AttachmentDefinition>({ ...ATTACHMENT_DEFINITIONS, namespace, name }, { signal });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/**
 * What `definition` says, by itself or by a file of this node. One with a VLAN or VXLAN is taken as netwatcher will write it,
 * whether it has yet or not.
 *
 * @throws {DelegateFileError}
 */
export async function readNodeDefinition(
  { config }: NodeServices,
  definition: AttachmentDefinition,
): Promise<NodeDefinition> {
  if (isInFile(definition)) {
    const files = await readFolder(config.cniDir, [".conf", ".conflist", ".json"]);
    return { ...readDefinitionContent(definition, pickDefinitionFile(definition, files)), links: [] };
  }
  const source = ownConfig(definition);
  const { wanted, problems, rewritten } = definitionLinkSource(definition);
  // No JSON is told by reading it, in more words.
  const content = readDefinitionContent(definition, { ...source, text: rewritten ?? source.text });
  if (problems.length > 0) {
    throw new DelegateFileError(`Cannot use ${describeNetwork(definition)}: ${problems.join("; ")}`);
  }
  return { ...content, links: wanted };
}
