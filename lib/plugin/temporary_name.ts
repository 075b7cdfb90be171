/** Names of links that are not ready yet. */

import { hashKey } from "../ipam/hash.ts";

/**
 * The name an interface has until it gets its own. The same for every attempt, so that an interrupted one can be
 * cleaned; 15 characters, as long as the kernel allows.
 *
 * @param attachment its key
 */
export function temporaryName(attachment: string, index: number): string {
  return `dm${hashKey(`${attachment}/${index}`).slice(0, 13)}`;
}
