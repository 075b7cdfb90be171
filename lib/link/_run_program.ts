/** Runs one of the tools this folder is made of. */

import { childMarker } from "../cni/child_marker.ts";
import { PROGRAM_PATH } from "../process/program_folders.ts";
import { ProgramMissingError } from "../process/find_program.ts";
import { type StartedProgram, startProgram } from "../process/start_program.ts";

/** How a program ended by itself. */
export interface Outcome {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody ended a program, so that what it printed, or did not, tells nothing. */
export class ProgramKilledError extends Error {
  override readonly name = "ProgramKilledError";
  constructor(program: string, signal: string) {
    super(`Cannot run ${program}: it was ended by ${signal}`);
  }
}

/**
 * Messages are told apart by their text, so they must not be translated. What this process was started with stays, as it
 * is by that that whoever cleans up after it finds its children.
 */
export const VARIABLES = { ...childMarker(), LC_ALL: "C", PATH: PROGRAM_PATH };

/**
 * Runs `words` with `input` on stdin and resolves when it, and all it started, has closed its output. Deno collects that
 * with less processor time than streams take, which does for tools that leave nothing running and say little.
 *
 * @throws {ProgramKilledError}
 * @throws the reason of `signal` when that fires; the program has ended by then, and all it started
 */
export async function runProgram(words: readonly string[], input = "", signal?: AbortSignal): Promise<Outcome> {
  signal?.throwIfAborted();
  const { child, kill } = start(words, input);
  let killed: Promise<void> | undefined;
  const stop = () => killed = kill();
  signal?.addEventListener("abort", stop);
  const [output] = await Promise.all([child.output(), input === "" ? undefined : feed(child.stdin, input)]);
  signal?.removeEventListener("abort", stop);
  await killed;
  signal?.throwIfAborted();
  if (output.signal !== null) throw new ProgramKilledError(words.join(" ").slice(0, 100), output.signal);
  const decoder = new TextDecoder();
  return { success: output.success, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

function start([program, ...args]: readonly string[], input: string): StartedProgram {
  // Of all that this folder runs, shells alone start others; nsenter(1) becomes what it is told to run.
  const isAlone = program !== "sh" && !args.includes("sh");
  try {
    return startProgram({ program: program!, args, variables: VARIABLES, isAlone }, input === "" ? "null" : "piped");
  } catch (error) {
    if (!(error instanceof ProgramMissingError)) throw error;
    throw new Error(`${error.message}, must be installed (iproute2, util-linux)`);
  }
}

/** A program that fails early does not read its input: its exit status tells why, not the broken pipe. */
async function feed(stdin: WritableStream<Uint8Array>, input: string): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
