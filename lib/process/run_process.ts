/** Runs one program to its end, and when told to stop leaves nothing of it behind. */
import { pause } from "../time/pause.ts";
import { collectOutput } from "./collect_output.ts";
import { ProgramMissingError } from "./find_program.ts";
import { type ProgramCommand, startProgram } from "./start_program.ts";

/** A program and all it is started with. */
export interface ProcessCommand extends ProgramCommand {
  /** Text for standard input, which is closed after it; absent: standard input is empty. */
  readonly stdin?: string;
}

/** How a program ended. */
export interface ProcessResult {
  /** Exit code; 128 + number when a signal ended it. */
  readonly code: number;
  readonly signal?: Deno.Signal;
  readonly stdout: string;
  readonly stderr: string;
}

/** The longest output a program may write to standard output or standard error, in bytes. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;

/** Pauses, each twice as long as the one before, in which output is still read after the program's end: 255 ms. */
const LINGER_PAUSES = 8;

/**
 * Runs `command` and resolves when it has ended, whatever its exit code.
 *
 * When `signal` aborts, or the program writes more than 4 MiB to one of its outputs, every process of its group is
 * killed and the program reaped before the promise rejects. A process that left the group on purpose (a daemon) is not
 * followed; when it keeps the program's output open, it is listened to no longer than a quarter of a second after the
 * program's end.
 *
 * @throws {ProgramMissingError} when the program does not exist or cannot be executed
 * @throws {OutputTooLongError} when it writes too much
 * @throws the reason of `signal`
 */
export async function runProcess(command: ProcessCommand, signal: AbortSignal): Promise<ProcessResult> {
  signal.throwIfAborted();
  const { child, kill } = startProgram(command, command.stdin === undefined ? "null" : "piped");
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
    await kill();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.allSettled([...outputs.map((output) => output.close()), input?.close()]);
  }
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
