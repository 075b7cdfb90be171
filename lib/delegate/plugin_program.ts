import { checkProgramName, findExecutable } from "../process/find_executable.ts";
import type { ProcessCommand, ProcessResult } from "../process/run_process.ts";

/** The part of a command that says which program. */
type Program = Pick<ProcessCommand, "program" | "args">;

/** What the script below says when no folder has the program. */
const NOT_FOUND = "danm: no such plugin";

/** Becomes the program `$1` of the first of the other folders that has it. */
const SCRIPT = `
name=$1
shift
for folder; do
  if [ -f "$folder/$name" ] && [ -x "$folder/$name" ]; then exec "$folder/$name"; fi
done
echo '${NOT_FOUND}' >&2
exit 127
`;

/**
 * How to run the plugin `name` of the first of `folders` that has it; undefined when none has.
 *
 * @param mounts the mount namespace in whose files it is looked for and run, e.g. `/proc/1/ns/mnt` for those of the node,
 * with its tools; then only `isMissing()` knows, afterwards, that it is in none of the folders. Absent: this process's own
 */
export function pluginProgram(name: string, folders: readonly string[], mounts?: string): Program | undefined {
  if (mounts !== undefined) {
    checkProgramName(name);
    return { program: "nsenter", args: [`--mount=${mounts}`, "--", "sh", "-c", SCRIPT, "sh", name, ...folders] };
  }
  const program = findExecutable(name, folders);
  return program === undefined ? undefined : { program, args: [] };
}

/** Whether it was found, in another mount namespace, that there is no such plugin. */
export function isMissing({ code, stdout, stderr }: ProcessResult): boolean {
  return code === 127 && stdout === "" && stderr.trim() === NOT_FOUND;
}
