/** Finds a program by name or path. */
import { basename, dirname } from "@std/path/posix";
import { findExecutable } from "./find_executable.ts";
import { PROGRAM_FOLDERS } from "./program_folders.ts";

/** The program cannot be started: there is no such file, or it is not a program. */
export class ProgramMissingError extends Error {
  override readonly name = "ProgramMissingError";
  constructor(readonly program: string, reason: string) {
    super(`Cannot run ${program}: ${reason}`);
  }
}

/**
 * The path of a program.
 *
 * @param program an absolute path, or a name that is searched in {@linkcode PROGRAM_FOLDERS}
 * @throws {ProgramMissingError}
 */
export function findProgram(program: string): string {
  const isPath = program.startsWith("/");
  const path = isPath
    ? findExecutable(basename(program), [dirname(program)])
    : findExecutable(program, PROGRAM_FOLDERS);
  if (path !== undefined) return path;
  const reason = isPath ? "it is no executable file" : `it is in none of ${PROGRAM_FOLDERS.join(", ")}`;
  throw new ProgramMissingError(program, reason);
}
