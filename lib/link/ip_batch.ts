/** Runs ip(8) once for many commands, in any network namespace. Source: ip(8) `-batch`, nsenter(1). */

import { type Batch, type IpCommand, toBatches } from "./ip_command.ts";
import { toIpError } from "./ip_error.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";

/**
 * Runs `commands` in order in the namespace at `netnsPath` (the caller's own when absent) and stops at the first that
 * fails; those before it have had their effect.
 *
 * @throws {IpError} for the command that failed
 * @throws {NamespaceMissingError} when `netnsPath`, or a `netns` that a command names, does not exist
 */
export async function ipBatch(commands: readonly IpCommand[], netnsPath?: string, signal?: AbortSignal): Promise<void> {
  for (const batch of toBatches(commands)) await runBatch(batch, netnsPath, signal);
}

/** The words that run a program in the namespace at `netnsPath`, or, when it is absent, where the caller is. */
export function enterNamespace(netnsPath: string | undefined): string[] {
  if (netnsPath === undefined) return [];
  if (!netnsPath.startsWith("/")) {
    throw new TypeError(`Cannot enter network namespace: ${JSON.stringify(netnsPath)} must be an absolute path`);
  }
  return ["nsenter", `--net=${netnsPath}`, "--"];
}

async function runBatch(batch: Batch, netnsPath: string | undefined, signal: AbortSignal | undefined): Promise<void> {
  const ip = ["ip", ...(batch.family ? [batch.family] : []), "-batch", "-"];
  const { success, stderr } = await runProgram([...enterNamespace(netnsPath), ...ip], batch.input, signal);
  if (success) return;
  if (netnsPath !== undefined && saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  for (const target of batch.commands.flatMap(targetNamespace)) await checkNamespace(target, signal);
  throw toIpError(batch, stderr);
}

/** The namespace that `command` makes a link in, if it does. */
function targetNamespace(command: IpCommand): string[] {
  const target = command[command.indexOf("netns") + 1];
  return target?.startsWith("/") ? [target] : [];
}

/** What ip says of a namespace it cannot use is not clear enough (`Invalid argument`); what nsenter says is. */
async function checkNamespace(path: string, signal: AbortSignal | undefined): Promise<void> {
  const { success, stderr } = await runProgram([...enterNamespace(path), "true"], "", signal);
  if (!success && saysNamespaceMissing(stderr)) throw new NamespaceMissingError(path);
}
