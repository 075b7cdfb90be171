/** Runs one program to its end, and when told to stop leaves nothing of it behind. */
import { collectOutput } from "./collect_output.ts";
import { findExecutable } from "./find_executable.ts";
import { killGroup } from "./kill_group.ts";
import { pause } from "./pause.ts";

/** A program and all it is started with. */
export interface ProcessCommand {
  /** An absolute path, or a name that is searched in the system's program directories, whatever PATH says. */
  readonly program: string;
  readonly args: readonly string[];
  /** Text for standard input, which is closed after it; absent: standard input is empty. */
  readonly stdin?: string;
  /** The whole environment of the program; absent: the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How a program ended. */
export interface ProcessResult {
  /** Exit code; 128 + number when a signal ended it. */
  readonly code: number;
  readonly signal?: Deno.Signal;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program cannot be started: there is no such file, or it is not a program. */
export class ProgramMissingError extends Error {
  override readonly name = "ProgramMissingError";
  constructor(readonly program: string, reason: string, options?: ErrorOptions) {
    super(`Cannot run ${program}: ${reason}`, options);
  }
}

const PROGRAM_DIRECTORIES = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"] as const;

/** The longest output a program may write to standard output or standard error, in bytes. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;

/** Pauses, each twice as long as the one before, in which output is still read after the program's end: 255 ms. */
const LINGER_PAUSES = 8;

/**
 * Runs `command` and resolves when it has ended, whatever its exit code.
 *
 * The program leads a session and process group of its own. When `signal` aborts, or the program writes more than
 * 4 MiB to one of its outputs, every process of that group is killed and the program reaped before the promise
 * rejects. A process that left the group on purpose (a daemon) is not followed; when it keeps the program's output
 * open, it is listened to no longer than a quarter of a second after the program's end.
 *
 * @throws {ProgramMissingError} when the program does not exist or cannot be executed
 * @throws {OutputTooLongError} when it writes too much
 * @throws the reason of `signal`
 */
export async function runProcess(command: ProcessCommand, signal: AbortSignal): Promise<ProcessResult> {
  signal.throwIfAborted();
  const program = await resolveProgram(command.program);
  signal.throwIfAborted();
  const child = start(program, command);
  const { promise: failure, reject: fail } = Promise.withResolvers<never>();
  const abort = () => fail(signal.reason);
  signal.addEventListener("abort", abort);
  const outputs = [collectOutput(child.stdout, OUTPUT_LIMIT), collectOutput(child.stderr, OUTPUT_LIMIT)] as const;
  const drained = Promise.all(outputs.map((output) => output.ended));
  drained.catch(fail);
  const input = command.stdin === undefined ? undefined : feed(child.stdin, command.stdin);
  input?.ended.catch(fail);
  try {
    const status = await Promise.race([child.status, failure]);
    await Promise.race([drained, linger(drained), failure]);
    return {
      code: status.code,
      ...(status.signal && { signal: status.signal }),
      stdout: outputs[0].text(),
      stderr: outputs[1].text(),
    };
  } catch (error) {
    await killGroup(child);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.allSettled([...outputs.map((output) => output.close()), input?.close()]);
  }
}

async function resolveProgram(program: string): Promise<string> {
  if (program.startsWith("/")) return program;
  const path = await findExecutable(program, PROGRAM_DIRECTORIES);
  if (path === undefined) {
    throw new ProgramMissingError(program, `it is in none of ${PROGRAM_DIRECTORIES.join(", ")}`);
  }
  return path;
}

function start(program: string, { args, stdin, env, cwd }: ProcessCommand): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
      ...(env && { env: { ...env }, clearEnv: true }),
      ...(cwd !== undefined && { cwd }),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new ProgramMissingError(program, "it, its interpreter or its working directory does not exist", {
        cause: error,
      });
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new ProgramMissingError(program, "it is not an executable file", { cause: error });
    }
    throw error;
  }
}

/** Writes `text` and closes. A program that ends or closes its input without reading all of it is in its right. */
function feed(stream: WritableStream<Uint8Array>, text: string): { ended: Promise<void>; close(): Promise<void> } {
  const writer = stream.getWriter();
  const write = async () => {
    try {
      await writer.write(new TextEncoder().encode(text));
      await writer.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  };
  return { ended: write(), close: () => writer.abort() };
}

/**
 * Pauses until the output has ended, for a while: counted in turns of the event loop rather than in time, so that a busy
 * machine does not cut the output of a program short.
 */
async function linger(drained: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = () => isDone = true;
  drained.then(done, done);
  await Promise.resolve(); // an output that has ended already has its say first
  for (let count = 0; count < LINGER_PAUSES && !isDone; count++) await pause(2 ** count);
}
