/** NetworkAttachmentDefinitions for tests of danm, and what Pods say that they got. */

import { ATTACHMENT_DEFINITIONS, DEFINITION_KIND } from "../../lib/api/attachment_definition.ts";
import { applyDefinitionCrd } from "../netwatcher/test_cluster.ts";
import type { TestContainer, TestNode } from "../runtime/test_node.ts";

/** An element of the annotation network-status. */
export interface SeenStatus {
  readonly name: string;
  readonly interface: string;
  readonly ips?: readonly string[];
  readonly [key: string]: unknown;
}

/**
 * Creates a definition in the node's namespace, or in `namespace`.
 *
 * @param config of one plugin or of a list; without it the definition has no spec
 */
export async function createDefinition(
  { client, namespace: own }: TestNode,
  name: string,
  config?: object,
  { namespace = own, ...annotations }: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { group, version } = ATTACHMENT_DEFINITIONS;
  const definition = {
    apiVersion: `${group}/${version}`,
    kind: DEFINITION_KIND,
    metadata: { name, annotations },
    ...(config && { spec: { config: JSON.stringify({ cniVersion: "1.0.0", ...config }) } }),
  };
  await client.create({ ...ATTACHMENT_DEFINITIONS, namespace }, definition, { signal: AbortSignal.timeout(30_000) });
}

/** Makes the kind known to the node's cluster. */
export async function installDefinitions({ cluster }: TestNode): Promise<void> {
  await applyDefinitionCrd(cluster);
}

/** A container of a Pod that selects definitions, and asks for `interfaces` of DANM. */
export async function createSelecting(
  node: TestNode,
  selections: string | readonly object[],
  interfaces?: readonly unknown[],
  others: Readonly<Record<string, string>> = {},
): Promise<TestContainer> {
  const text = typeof selections === "string" ? selections : JSON.stringify(selections);
  return await node.createContainer(interfaces, undefined, { ...others, "k8s.v1.cni.cncf.io/networks": text });
}

/** What the container's Pod says of its interfaces; undefined when it has no such annotation. */
export async function statusOf({ client }: TestNode, { sandbox: { pod } }: TestContainer): Promise<
  readonly SeenStatus[] | undefined
> {
  const { namespace, name } = pod;
  const { metadata } = await client.get<{ metadata: { annotations?: Readonly<Record<string, string>> } }>(
    { group: "", version: "v1", plural: "pods", namespace, name },
    { signal: AbortSignal.timeout(30_000) },
  );
  const text = metadata.annotations?.["k8s.v1.cni.cncf.io/network-status"];
  return text === undefined ? undefined : JSON.parse(text);
}
