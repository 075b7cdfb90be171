/** What an interface of a Pod can be attached to. */

import { type AttachmentDefinition, DEFINITION_KIND } from "./attachment_definition.ts";
import { type Network, NETWORK_KINDS } from "./network.ts";

/** The kinds: DANM's own networks, and the definitions of the de-facto standard. */
export const ATTACHABLE_KINDS = [...NETWORK_KINDS, DEFINITION_KIND] as const;
export type AttachableKind = typeof ATTACHABLE_KINDS[number];

/** A network of DANM, or a definition; `kind` tells them apart. */
export type Attachable = Network | AttachmentDefinition;

/** One such object, for as long as it lives. */
export interface AttachableRef {
  readonly kind: AttachableKind;
  /** Absent for a ClusterNetwork. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The reference to `object`.
 *
 * @throws {TypeError} when it has no UID, that is, was not read from an API server
 */
export function attachableRef({ kind, metadata: { name, namespace, uid } }: Attachable): AttachableRef {
  if (!uid) throw new TypeError(`Cannot refer to ${kind} ${name}: its UID is missing, must be set`);
  return { kind, ...(namespace && { namespace }), name, uid };
}
