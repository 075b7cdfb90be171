/** Ends what a process that was killed has left running. */
import { pause } from "../../time/pause.ts";
import { type ProcessCommand, runProcess } from "../../process/run_process.ts";

/**
 * Kills the processes whose environment has all of some lines, and prints those it found: whether they are gone, the
 * next look shows. A shell, as it expands the pattern. grep(1) ends with 2 whenever a process ends meanwhile.
 */
const SCRIPT = `
having() { grep -lszxF -e "$@"; [ $? -le 2 ] || exit; }
files=$(having "$1" /proc/[0-9]*/environ) || exit
shift
for variable in "$@"; do
  [ -z "$files" ] || files=$(having "$variable" $files /dev/null) || exit
done
for file in $files; do
  id=\${file#/proc/}
  kill -KILL "\${id%/environ}" 2>/dev/null
  echo "\${id%/environ}"
done
`;

/** Milliseconds between a look and the next. */
const LOOK_MS = 5;

/**
 * Kills every process that was started with all `variables` in its environment, wherever it is in the tree of
 * processes, and all that they started meanwhile; resolves when none is left. Source: proc(5), /proc/pid/environ.
 *
 * @throws the reason of `signal`, when one does not end
 * @throws {Error} when the search itself was ended, so that nothing can be told
 */
export async function endProcesses(
  variables: readonly [rarest: string, ...others: string[]],
  signal: AbortSignal,
): Promise<void> {
  const command = { program: "sh", args: ["-c", SCRIPT, "sh", ...variables], env: {} };
  while (await look(command, signal)) await pause(LOOK_MS);
}

/** Whether there was one. */
async function look(command: ProcessCommand, signal: AbortSignal): Promise<boolean> {
  const { code, stdout, stderr } = await runProcess(command, signal);
  if (code === 0) return stdout !== "";
  throw new Error(`Cannot look for processes: the search ended with code ${code}: ${stderr.trim()}`);
}
