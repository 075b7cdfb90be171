/** Which network namespaces there are. Source: namespaces(7), stat(1). */

import { runProgram } from "./_run_program.ts";

/** Every process has one, so this tells what a namespace looks like. */
const OWN = "/proc/self/ns/net";

/**
 * Those of `paths`, absolute ones, that lead to a namespace, found out by one process however many they are. A file that
 * was left behind when its namespace was unmounted leads to none.
 */
export async function existingNamespaces(paths: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
  // A program does it because Deno lets nobody look below /proc who does not have every permission.
  const words = ["stat", "--dereference", "--format=%d %n", "--", OWN, ...paths];
  const [own = "", ...others] = (await runProgram(words, "", signal)).stdout.trimEnd().split("\n");
  const [device] = own.split(" ", 1);
  if (own !== `${device} ${OWN}`) throw new Error(`Cannot look for network namespaces: ${OWN} cannot be read`);
  return new Set(others.flatMap((line) => line.startsWith(`${device} `) ? [line.slice(`${device} `.length)] : []));
}
