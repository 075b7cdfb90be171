/** Finds a program by name in a list of directories, as the CNI specification §3 does with CNI_PATH. */
import { join } from "@std/path/posix";

/**
 * The path of the first executable file called `name` in `directories`; undefined when there is none. A directory
 * that does not exist is passed over; so is one that may not be searched, as a shell does, while another has the program.
 *
 * Not asynchronous: that costs more than the look itself, several times on the way of every Pod.
 *
 * @throws {RangeError} when `name` is not a plain file name: a path could lead out of the directories
 * @throws {Deno.errors.PermissionDenied} when it was not found, but may be where this process may not look
 */
export function findExecutable(name: string, directories: readonly string[]): string | undefined {
  checkProgramName(name);
  let refusal: unknown;
  for (const directory of directories) {
    const path = join(directory, name);
    try {
      if (isExecutable(path)) return path;
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
}

/** @throws {RangeError} when `name` is not a plain file name: a path could lead out of the folders it is looked for in */
export function checkProgramName(name: string): void {
  if (name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)) return;
  throw new RangeError(`Cannot find program: name is ${JSON.stringify(name)}, must be a file name without a path`);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch (error) {
    const isNothing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.FilesystemLoop;
    if (isNothing) return false;
    throw error;
  }
}
