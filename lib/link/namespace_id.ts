/** Telling network namespaces apart. Source: namespaces(7), "The /proc/pid/ns/ directory". */

import { type FileIdentity, statNamespaces } from "./_stat_namespaces.ts";

/** What is at a path. */
export interface NamespaceId {
  /** Device and inode of the namespace, the same for every path to it as long as it exists; absent: none is there. */
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
  return (await readNamespaceIds([path], signal)).get(path) ?? { isOwn: false };
}

/**
 * What is at those of `paths`, absolute ones, that lead to a namespace; found out by one process however many they are.
 * A file that was left behind when its namespace was unmounted leads to none.
 *
 * @throws {Error} when it cannot be told of one of them
 */
export async function readNamespaceIds(
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Required<NamespaceId>>> {
  const { own, found } = await statNamespaces(paths, signal);
  return new Map(paths.flatMap((path) => {
    const file = found.get(path);
    if (file?.device !== own.device) return []; // all namespaces are on one
    return [[path, { id: idOf(file), isOwn: idOf(file) === idOf(own) }]];
  }));
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
