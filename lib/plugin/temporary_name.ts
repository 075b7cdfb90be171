/** Names of links that are not ready yet. */

import { hashKey } from "../ipam/hash.ts";

/**
 * The name an interface has until it gets its own. The same for every attempt, so that an interrupted one can be
 * cleaned; 15 characters, as long as the kernel allows.
 */
export function temporaryName(containerId: string, index: number): string {
  return `dm${hashKey(`${containerId}/${index}`).slice(0, 13)}`;
}
