/** A network namespace that is not there (any more). */

/** Nothing, or nothing that is a network namespace, is at the path. */
export class NamespaceMissingError extends Error {
  override readonly name = "NamespaceMissingError";
  constructor(readonly path: string) {
    super(`Cannot enter network namespace ${path}: it does not exist`);
  }
}

const MISSING =
  /^(\S*\/)?nsenter: (cannot open .*: (No such (file or directory|process)|Not a directory)|reassociate to namespace .*: Invalid argument)/m;

/** Whether nsenter(1) printed that `--net=PATH` is not there, or no namespace any more (a file left by ip-netns(8)). */
export function saysNamespaceMissing(stderr: string): boolean {
  return MISSING.test(stderr);
}
