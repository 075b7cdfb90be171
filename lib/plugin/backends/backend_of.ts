/** Which backend serves which kind and NetworkType. */

import type { AttachableKind } from "../../api/attachable.ts";
import { DEFINITION_KIND } from "../../api/attachment_definition.ts";
import type { DynamicBackend } from "../../api/network_type.ts";
import { attachmentDefinition } from "./attachment_definition.ts";
import type { Backend } from "./backend.ts";
import { ipvlan } from "./ipvlan.ts";
import { macvlan } from "./macvlan.ts";
import { sriov } from "./sriov.ts";
import { staticDelegate } from "./static_delegate.ts";

const DYNAMIC: Readonly<Record<DynamicBackend, Backend>> = { ipvlan, macvlan, sriov };

/**
 * The backend of a network, a definition or a recorded interface.
 *
 * @param kind of what the interface is attached to; undefined where only its delegates are known
 * @param type NetworkType in lower case; of a definition the first plugin
 */
export function backendOf(kind: AttachableKind | undefined, type: string): Backend {
  if (kind === DEFINITION_KIND) return attachmentDefinition;
  return Object.hasOwn(DYNAMIC, type) ? DYNAMIC[type as DynamicBackend] : staticDelegate;
}
