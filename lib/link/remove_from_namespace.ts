/** Removes things from a namespace, as many as there are. */

import { enterNamespace } from "./ip_batch.ts";
import { type Batch, type IpCommand, toBatches } from "./ip_command.ts";
import { type IpError, toIpError } from "./ip_error.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";

/**
 * Goes on after a command that fails, and tells how each run of ip(8) ended. Its arguments come in pairs: family and
 * commands. The text is constant.
 */
const SCRIPT = `
while [ $# -gt 0 ]; do
ip -force $1 -batch - <<END
$2
END
  echo "END OF BATCH $?" >&2
  shift 2
done
`;

/** When ip did not say which command failed, or did not even run. */
const NO_BATCH = { commands: [], first: 0 };

/**
 * Runs `commands`, each of which removes something, in the namespace at `netnsPath`, all of them and in one process.
 * What is missing already is no failure.
 *
 * @returns the commands that failed for another reason; `index` counts in `commands`
 * @throws {NamespaceMissingError} when there is no such namespace
 * @throws {IpError} with index -1 when it cannot be told what became of the commands
 */
export async function removeFromNamespace(
  netnsPath: string,
  commands: readonly IpCommand[],
  signal?: AbortSignal,
): Promise<IpError[]> {
  if (commands.length === 0) return [];
  const batches = toBatches(commands);
  const operands = batches.flatMap(({ family, input }) => [family, input]);
  const words = [...enterNamespace(netnsPath), "sh", "-c", SCRIPT, "sh", ...operands];
  const { stderr } = await runProgram(words, "", signal);
  if (saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  const reports = [...stderr.matchAll(/([^]*?)^END OF BATCH (\d+)\n/gm)];
  if (reports.length < batches.length) throw toIpError(NO_BATCH, stderr);
  return batches.flatMap((batch, place) => failuresOf(batch, reports[place]![1]!, reports[place]![2] === "0"))
    .filter(({ reason }) => reason !== "missing");
}

/** Each failure ends with the line that says which command it was. */
function failuresOf(batch: Batch, report: string, succeeded: boolean): IpError[] {
  if (succeeded) return [];
  const failures = [...report.matchAll(/[^]*?^Command failed -:\d+$/gm)].map(([part]) => part);
  const rest = report.slice(failures.join("").length).trim();
  if (failures.length === 0 || rest !== "") throw toIpError(NO_BATCH, rest);
  return failures.map((part) => toIpError(batch, part));
}
