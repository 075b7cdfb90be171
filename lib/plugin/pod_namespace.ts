/** The network namespace of a Pod: never the host's, whatever a path says. */

import { CniError, errorCode } from "../cni/error.ts";
import type { SysctlStep } from "../link/configure_namespace.ts";
import { isNamespace, readNamespaceId } from "../link/namespace_id.ts";
import { type OpenedNamespace, openNamespace, OwnNamespaceError } from "../link/open_namespace.ts";

/**
 * Makes the namespace that the runtime names ready for links of delegates, and tells which it is and what links it has.
 *
 * @throws {CniError} `invalidEnvironment` when it is the host's own, whose interfaces are not danm's to touch
 * @throws {NamespaceMissingError}
 */
export async function openPodNamespace(
  netns: string,
  settings: readonly SysctlStep[],
  signal: AbortSignal,
): Promise<OpenedNamespace> {
  try {
    return await openNamespace(netns, settings, signal);
  } catch (error) {
    throw error instanceof OwnNamespaceError ? hostNamespace(netns) : error;
  }
}

/**
 * The namespace to clean: the one the runtime names or the one on record, whichever is the one the interfaces were made
 * in.
 *
 * @param named CNI_NETNS; empty when the runtime says that there is none any more
 * @param recorded where the interfaces were made; without an ID, whatever is there now
 * @returns its path; empty when it is gone
 * @throws {CniError} `invalidEnvironment` when the runtime names the host's own
 */
export async function findNamespaceToClean(
  named: string,
  recorded: { readonly netns: string; readonly netnsId?: string },
  signal: AbortSignal,
): Promise<string> {
  // A recorded path by way of a process leads elsewhere once another process has its number.
  const paths = [named, recorded.netns.startsWith("/proc/") ? "" : recorded.netns];
  for (const path of new Set(paths.filter((path) => path !== ""))) {
    // ADD made sure that the namespace with the recorded ID is not the host's.
    if (recorded.netnsId !== undefined && isNamespace(path, recorded.netnsId)) return path;
    const { id, isOwn } = await readNamespaceId(path, signal);
    if (isOwn && path === named) throw hostNamespace(path);
    if (id !== undefined && !isOwn && id === (recorded.netnsId ?? id)) return path;
  }
  return "";
}

function hostNamespace(netns: string): CniError {
  return new CniError(
    errorCode.invalidEnvironment,
    "Invalid environment variables",
    `CNI_NETNS is "${netns}", which is the host's own network namespace, must be a container's`,
  );
}
