/** Which backend serves which NetworkType. */

import type { DynamicBackend } from "../../api/network_type.ts";
import type { Backend } from "./backend.ts";
import { ipvlan } from "./ipvlan.ts";
import { macvlan } from "./macvlan.ts";
import { sriov } from "./sriov.ts";
import { staticDelegate } from "./static_delegate.ts";

const DYNAMIC: Readonly<Record<DynamicBackend, Backend>> = { ipvlan, macvlan, sriov };

/**
 * The backend of a network or of a recorded interface.
 *
 * @param type NetworkType in lower case
 */
export function backendOf(type: string): Backend {
  return Object.hasOwn(DYNAMIC, type) ? DYNAMIC[type as DynamicBackend] : staticDelegate;
}
