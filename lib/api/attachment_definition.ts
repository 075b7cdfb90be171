/**
 * NetworkAttachmentDefinitions, the de-facto standard's description of a network. Source: Network Plumbing Working Group,
 * "Kubernetes Network Custom Resource Definition De-facto Standard" 1.3 §3.
 */

import type { KubeObject } from "./kube_object.ts";

export const DEFINITION_KIND = "NetworkAttachmentDefinition";

/** `config` holds a CNI configuration, or a list of them under `plugins`, as JSON; without it a file of the node does. */
export type AttachmentDefinition = KubeObject<typeof DEFINITION_KIND, {
  readonly spec?: { readonly config?: string };
}>;

/** Where they live. */
export const ATTACHMENT_DEFINITIONS = {
  group: "k8s.cni.cncf.io",
  version: "v1",
  plural: "network-attachment-definitions",
} as const;

/** The annotation of a definition that names the devices its interfaces are made of, as kubelet calls the resource. */
export const RESOURCE_NAME = "k8s.v1.cni.cncf.io/resourceName";

/** The annotations of a Pod: the definitions it selects, what takes the place of its default network, and what it got. */
export const SELECTION_ANNOTATIONS = {
  networks: "k8s.v1.cni.cncf.io/networks",
  defaultNetwork: "v1.multus-cni.io/default-network",
  status: "k8s.v1.cni.cncf.io/network-status",
} as const;
