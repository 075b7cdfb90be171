/** Runs one program to its end, and when told to stop leaves nothing of it behind. */
import { basename, dirname } from "@std/path/posix";
import { collectOutput } from "./collect_output.ts";
import { findExecutable } from "./find_executable.ts";
import { killGroup } from "./kill_group.ts";
import { pause } from "../../time/pause.ts";

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
  constructor(readonly program: string, reason: string) {
    super(`Cannot run ${program}: ${reason}`);
  }
}

const PROGRAM_DIRECTORIES = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"] as const;

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
 * Deno needs leave to run setsid(1) as well as the program.
 *
 * @throws {ProgramMissingError} when the program does not exist or cannot be executed
 * @throws {OutputTooLongError} when it writes too much
 * @throws the reason of `signal`
 */
export async function runProcess(command: ProcessCommand, signal: AbortSignal): Promise<ProcessResult> {
  signal.throwIfAborted();
  const [setsid, program] = await Promise.all([resolveProgram("setsid"), resolveProgram(command.program)]);
  signal.throwIfAborted();
  const child = start(setsid, program, command);
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
    return toResult(command.program, status, outputs[0].text(), outputs[1].text());
  } catch (error) {
    await killGroup(child);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.allSettled([...outputs.map((output) => output.close()), input?.close()]);
  }
}

async function resolveProgram(program: string): Promise<string> {
  const isPath = program.startsWith("/");
  const path = isPath
    ? await findExecutable(basename(program), [dirname(program)])
    : await findExecutable(program, PROGRAM_DIRECTORIES);
  if (path !== undefined) return path;
  const reason = isPath ? "it is no executable file" : `it is in none of ${PROGRAM_DIRECTORIES.join(", ")}`;
  throw new ProgramMissingError(program, reason);
}

/**
 * Starts the program by way of setsid(1), which becomes the leader of a session and then the program. Deno's own
 * `detached` does the same by fork(2), which copies the page tables of this process: 1 to 10 ms in which nothing else
 * runs here, where posix_spawn(3) takes a fifth of one.
 */
function start(setsid: string, program: string, { args, stdin, env, cwd }: ProcessCommand): Deno.ChildProcess {
  return new Deno.Command(setsid, {
    args: [program, ...args],
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
    ...(env && { env: { ...env }, clearEnv: true }),
    ...(cwd !== undefined && { cwd }),
  }).spawn();
}

/** setsid(1) says so, with exit code 126 or 127, when the kernel does not take a file for a program. */
function toResult(program: string, status: Deno.CommandStatus, stdout: string, stderr: string): ProcessResult {
  const { code, signal } = status;
  if ((code === 126 || code === 127) && /^setsid: (failed to|can't) execute /.test(stderr)) {
    throw new ProgramMissingError(program, stderr.trim());
  }
  return { code, ...(signal && { signal }), stdout, stderr };
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
