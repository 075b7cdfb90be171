/** Finds a program by name in a list of directories, as the CNI specification §3 does with CNI_PATH. */
import { join } from "@std/path/posix";

/**
 * The path of the first executable file called `name` in `directories`; undefined when there is none. A directory
 * that does not exist or may not be searched is passed over, as a shell does.
 *
 * @throws {RangeError} when `name` is not a plain file name: a path could lead out of the directories
 */
export async function findExecutable(name: string, directories: readonly string[]): Promise<string | undefined> {
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new RangeError(`Cannot find program: name is ${JSON.stringify(name)}, must be a file name without a path`);
  }
  for (const directory of directories) {
    const path = join(directory, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch (error) {
    const unusable = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.FilesystemLoop;
    if (unusable) return false;
    throw error;
  }
}
