/** The first look into a namespace that interfaces are to be made in. */

import type { SysctlStep } from "./configure_namespace.ts";
import { toIpError } from "./ip_error.ts";
import { toBatches } from "./ip_command.ts";
import { parseIpLists } from "./ip_json.ts";
import { type Link, parseLink } from "./link.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";
import { sysctlPath } from "./sysctl.ts";

/** What was found. */
export interface OpenedNamespace {
  /** Device and inode of the namespace, as `readNamespaceId()` has them. */
  readonly id: string;
  readonly links: readonly Link[];
}

/** The path leads to the namespace this process is in; nothing was changed there. */
export class OwnNamespaceError extends Error {
  override readonly name = "OwnNamespaceError";
  constructor(readonly path: string) {
    super(`Cannot use network namespace ${path}: it is the host's own, must be a container's`);
  }
}

/** Runs the script below in the namespace, or prints `own`. Both texts are constant. */
const SCRIPT = `
if [ "$1" -ef /proc/self/ns/net ]; then echo own; exit; fi
inside=$2 path=$1
shift 2
exec nsenter --net="$path" -- sh -c "$inside" sh "$@"
`;

/** Prints the namespace's ID, writes the settings that the kernel has, then lists the links. */
const INSIDE = `
stat -L -c %d:%i /proc/self/ns/net || exit
while [ $# -gt 0 ]; do
  if [ -e "$1" ]; then printf %s "$2" >"$1"; fi
  shift 2
done 2>/dev/null
exec ip -N -json -details link show
`;

const LIST_LINKS = toBatches([["link", "show"]])[0]!;

/**
 * Writes `settings` in the namespace at `netnsPath`, those that the kernel has, and tells which namespace it is and what
 * links it has; all in one process.
 *
 * @throws {OwnNamespaceError}
 * @throws {NamespaceMissingError} when there is no such namespace
 */
export async function openNamespace(
  netnsPath: string,
  settings: readonly SysctlStep[],
  signal?: AbortSignal,
): Promise<OpenedNamespace> {
  const operands = settings.flatMap(({ sysctl }) => [sysctlPath(sysctl), sysctl.value]);
  const words = ["sh", "-c", SCRIPT, "sh", netnsPath, INSIDE, ...operands];
  const { success, stdout, stderr } = await runProgram(words, "", signal);
  if (stdout === "own\n") throw new OwnNamespaceError(netnsPath);
  if (!success && saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  if (!success) throw toIpError(LIST_LINKS, stderr);
  const [id, list] = stdout.split("\n", 2);
  return { id: id!, links: (parseIpLists(list ?? "")[0] ?? []).map(parseLink) };
}
