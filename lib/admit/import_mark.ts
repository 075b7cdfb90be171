/** How the importer says which of the original system's bitmaps are in AddressBlocks now, so that they may go. */

import { type Network, networkOptions } from "../api/network.ts";
import type { ApiGroup } from "../api/resource.ts";
import { hashKey } from "../ipam/hash.ts";

/** The annotation that holds an {@linkcode importMark}. */
export function importAnnotation(group: ApiGroup): string {
  return `${group}/imported`;
}

/** Names the bitmaps of `network` and when they were imported: `<hash>@<RFC 3339>`. */
export function importMark(network: Network, at: Date): string {
  return `${bitmapsKey(network)}@${at.toISOString()}`;
}

/**
 * Whether an update comes with a new mark of the very bitmaps that the network had before. Whoever applies an old
 * manifest, which has no bitmaps, does not bring one along: so nothing but an import takes bitmaps off a network.
 *
 * @param key of the annotation
 */
export function isImported(network: Network, before: Network, key: string): boolean {
  const [mark, old] = [network, before].map(({ metadata }) => metadata.annotations?.[key]);
  return mark !== undefined && mark !== old && mark.split("@")[0] === bitmapsKey(before);
}

function bitmapsKey(network: Network): string {
  const { alloc, alloc6 } = networkOptions(network);
  return hashKey(`${alloc} ${alloc6}`);
}
