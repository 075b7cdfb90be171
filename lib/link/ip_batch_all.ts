/** Runs ip(8) once for many commands that do not depend on each other. Source: ip(8) `-batch`, `-force`. */

import { enterNamespace } from "./ip_batch.ts";
import { type Batch, type IpCommand, toBatches } from "./ip_command.ts";
import { IpError, toIpError } from "./ip_error.ts";
import { runProgram } from "./_run_program.ts";

/**
 * Runs `commands` in order in the namespace at `netnsPath` (the caller's own when absent), whatever becomes of each, and
 * resolves to those that failed; their `index` counts in `commands`.
 *
 * @throws {IpError} with index -1 when ip gave up half-way without saying where: it does so when it cannot even read a
 * command, e.g. because an interface that is named in it has just gone. What came before has had its effect.
 */
export async function ipBatchAll(
  commands: readonly IpCommand[],
  netnsPath?: string,
  signal?: AbortSignal,
): Promise<IpError[]> {
  const failures: IpError[] = [];
  for (const batch of toBatches(commands)) failures.push(...await runBatch(batch, netnsPath, signal));
  return failures;
}

async function runBatch(
  batch: Batch,
  netnsPath: string | undefined,
  signal: AbortSignal | undefined,
): Promise<IpError[]> {
  const ip = ["ip", ...(batch.family ? [batch.family] : []), "-force", "-batch", "-"];
  const { success, stderr } = await runProgram([...enterNamespace(netnsPath), ...ip], batch.input, signal);
  if (success) return [];
  const failures: IpError[] = [];
  let message = "";
  for (const line of stderr.split("\n")) {
    message += `${line}\n`;
    if (!/^Command failed -:\d+$/.test(line)) continue;
    failures.push(toIpError(batch, message));
    message = "";
  }
  if (failures.length === 0 || message.trim() !== "") throw toIpError({ commands: [], first: 0 }, message);
  return failures;
}
