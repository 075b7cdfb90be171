/** Ends what a process that was killed has left running. */
import { pause } from "../../time/pause.ts";
import { runProcess } from "./process.ts";

/** Prints, and kills, the processes whose environment has each of three lines. A shell, as it expands the pattern. */
const SCRIPT = `
files=$(grep -lszxF -e "$1" /proc/[0-9]*/environ)
[ -z "$files" ] || files=$(grep -lszxF -e "$2" $files /dev/null)
[ -z "$files" ] || files=$(grep -lszxF -e "$3" $files /dev/null)
for file in $files; do
  id=\${file#/proc/}
  kill -KILL "\${id%/environ}" 2>/dev/null && echo "\${id%/environ}"
done
`;

/** Milliseconds between a look and the next. */
const LOOK_MS = 5;

/**
 * Kills every process that was started with all three `variables` in its environment, wherever it is in the tree of
 * processes, and all that they started meanwhile; resolves when none is left. Source: proc(5), /proc/pid/environ.
 *
 * @throws the reason of `signal`, when one does not end
 */
export async function endProcesses(
  variables: readonly [variable: string, variable: string, variable: string],
  signal: AbortSignal,
): Promise<void> {
  const command = { program: "sh", args: ["-c", SCRIPT, "sh", ...variables], env: {} };
  while ((await runProcess(command, signal)).stdout !== "") await pause(LOOK_MS);
}
