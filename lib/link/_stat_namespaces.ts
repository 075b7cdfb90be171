/** Asks stat(1) what is at paths: Deno lets nobody look below /proc who does not have every permission. */

import { runProgram } from "./_run_program.ts";

/** What stat(1) says where nothing is: no file, a file where a folder should be, no process any more. */
const NOTHING = /^\S*stat: cannot stat.*: (No such file or directory|Not a directory|No such process)$/;

/** Every process has one, so this tells what a namespace looks like. */
const OWN = "/proc/self/ns/net";

/** A file; of namespaces, both numbers are the same for every path as long as it exists. */
export interface FileIdentity {
  readonly device: string;
  readonly inode: string;
}

/**
 * What is at each of `paths`, absolute ones, where anything is, found out by one process however many they are; and this
 * process's own network namespace.
 *
 * @throws {Error} when it cannot be told of one of them: that is not the same as nothing
 */
export async function statNamespaces(
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<{ own: FileIdentity; found: ReadonlyMap<string, FileIdentity> }> {
  const words = ["stat", "--dereference", "--format=%d %i %n", "--", OWN, ...paths];
  const { stdout, stderr } = await runProgram(words, "", signal);
  const problem = stderr.split("\n").find((line) => line !== "" && !NOTHING.test(line));
  if (problem !== undefined) throw new Error(`Cannot look for network namespaces: ${problem}`);
  const found = new Map(
    stdout.trimEnd().split("\n").map((line): [string, FileIdentity] => {
      const [, device = "", inode = "", path = ""] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
      return [path, { device, inode }];
    }),
  );
  const own = found.get(OWN);
  const isComplete = own !== undefined && paths.every((path) => found.has(path) || stderr.includes(`'${path}'`));
  if (!isComplete) {
    throw new Error(`Cannot look for network namespaces: stat did not tell of all of ${paths.join(", ")}`);
  }
  return { own, found };
}
