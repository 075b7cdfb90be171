/** Whether two processes mean the same files by the same paths: they may have different mounts. */

/** Device and inode of what is at each path; empty for nothing, or nothing that this process may look at. */
export type FileIdentities = Readonly<Record<string, string>>;

/** What is at `paths` now. */
export function identifyFiles(paths: readonly string[]): FileIdentities {
  return Object.fromEntries(paths.map((path) => [path, identityAt(path)]));
}

/** The paths at which this process finds something else than `files` says. */
export function differingFiles(files: FileIdentities): string[] {
  return Object.entries(files).filter(([path, identity]) => identityAt(path) !== identity).map(([path]) => path);
}

/** Not asynchronous: a look takes less than its promise. */
function identityAt(path: string): string {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return "";
  }
}
