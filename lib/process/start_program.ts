/** Starts a program so that it can be ended with all that it starts. */
import { findProgram, ProgramMissingError } from "./find_program.ts";
import { killChild, killGroup } from "./kill_group.ts";

/** A program and all it is started with. */
export interface ProgramCommand {
  /** An absolute path, or a name that is searched in the system's program directories, whatever PATH says. */
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment of the program; absent: the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables beside those of this process, where `env` is absent. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** It starts no other program. Then it needs no group to be ended with, which saves a fifth of what `ip` costs. */
  readonly isAlone?: boolean;
}

/** A program that runs. */
export interface StartedProgram {
  readonly child: Deno.ChildProcess;
  /** Kills it with all of its group, and resolves when they are reaped. */
  kill(): Promise<void>;
}

/**
 * Starts `command`, which leads a session and process group of its own, by way of setsid(1): that becomes the leader and
 * then the program. Deno's own `detached` does the same by fork(2), which copies the page tables of this process: 1 to
 * 10 ms in which nothing else runs here, where posix_spawn(3) takes a fifth of one.
 *
 * Where Deno may run listed programs only, setsid(1) is the one to list.
 *
 * @throws {ProgramMissingError} when the program does not exist; if only the kernel can tell, setsid(1) says so
 */
export function startProgram(command: ProgramCommand, stdin: "piped" | "null"): StartedProgram {
  const { program, args, isAlone = false } = command;
  const path = findProgram(program);
  if (isAlone && mayRunAll()) {
    const child = spawn(command, path, args, stdin);
    return { child, kill: () => killAlone(child) };
  }
  const child = spawn(command, findProgram("setsid"), [path, ...args], stdin);
  return { child, kill: () => killGroup(child) };
}

/** Whether Deno lets this process start any program, and so signal any. */
function mayRunAll(): boolean {
  return Deno.permissions.querySync({ name: "run" }).state === "granted";
}

async function killAlone(child: Deno.ChildProcess): Promise<void> {
  killChild(child);
  await child.status;
}

function spawn(
  { program, env, variables, cwd }: ProgramCommand,
  path: string,
  args: readonly string[],
  stdin: "piped" | "null",
): Deno.ChildProcess {
  try {
    return new Deno.Command(path, {
      args: [...args],
      stdin,
      stdout: "piped",
      stderr: "piped",
      ...(env ? { env: { ...env }, clearEnv: true } : variables && { env: { ...variables } }),
      ...(cwd !== undefined && { cwd }),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ProgramMissingError(program, error.message);
    throw error;
  }
}
