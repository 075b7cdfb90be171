/** Telling network namespaces apart. Source: namespaces(7), "The /proc/pid/ns/ directory". */

import { runProgram } from "./_run_program.ts";

/** What is at a path. */
export interface NamespaceId {
  /** Device and inode of the namespace, the same for every path to it as long as it exists; absent: nothing is there. */
  readonly id?: string;
  /** Whether it is the namespace this process is in: on a node, the host's. */
  readonly isOwn: boolean;
}

const OWN = "/proc/self/ns/net";

/** Looks which namespace is at `path`, which must be absolute. */
export async function readNamespaceId(path: string, signal?: AbortSignal): Promise<NamespaceId> {
  // A program does it because Deno lets nobody look below /proc who does not have every permission.
  const words = ["stat", "--dereference", "--format=%d:%i %n", "--", OWN, path];
  const lines = (await runProgram(words, "", signal)).stdout.trimEnd().split("\n");
  const idOf = (name: string) => lines.find((line) => line.endsWith(` ${name}`))?.split(" ", 1)[0];
  const id = idOf(path);
  return { isOwn: id !== undefined && id === idOf(OWN), ...(id !== undefined && { id }) };
}

/**
 * Whether the namespace `id` is at `path`, as far as this process may look: below /proc it may not, and says no. Costs
 * no process.
 */
export function isNamespace(path: string, id: string): boolean {
  if (path.startsWith("/proc/")) return false;
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}` === id;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
