/** Telling network namespaces apart. Source: namespaces(7), "The /proc/pid/ns/ directory". */

import { type FileIdentity, statNamespaces } from "./_stat_namespaces.ts";

/** What is at a path. */
export interface NamespaceId {
  /** Device and inode of the namespace, the same for every path to it as long as it exists; absent: nothing is there. */
  readonly id?: string;
  /** Whether it is the namespace this process is in: on a node, the host's. */
  readonly isOwn: boolean;
}

/**
 * Looks which namespace is at `path`, which must be absolute.
 *
 * @throws {Error} when it cannot be told
 */
export async function readNamespaceId(path: string, signal?: AbortSignal): Promise<NamespaceId> {
  const { own, found } = await statNamespaces([path], signal);
  const file = found.get(path);
  if (file === undefined) return { isOwn: false };
  const id = idOf(file);
  return { id, isOwn: id === idOf(own) };
}

function idOf({ device, inode }: FileIdentity): string {
  return `${device}:${inode}`;
}

/**
 * Whether the namespace `id` is certain to be at `path`: below /proc, and by way of it, this process may not look. Costs
 * no process.
 */
export function isNamespace(path: string, id: string): boolean {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}` === id;
  } catch {
    return false; // which of many reasons it is, readNamespaceId() tells
  }
}
