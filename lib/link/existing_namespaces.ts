/** Which network namespaces there are. Source: namespaces(7), stat(1). */

import { statNamespaces } from "./_stat_namespaces.ts";

/**
 * Those of `paths`, absolute ones, that lead to a namespace, found out by one process however many they are. A file that
 * was left behind when its namespace was unmounted leads to none.
 *
 * @throws {Error} when it cannot be told of one of them
 */
export async function existingNamespaces(paths: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
  const { own, found } = await statNamespaces(paths, signal);
  return new Set(paths.filter((path) => found.get(path)?.device === own.device));
}
