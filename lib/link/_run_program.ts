/** Runs one of the tools this folder is made of. */

import { childMarker } from "../cni/child_marker.ts";

/** How a program ended. */
export interface Outcome {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Messages are told apart by their text, so they must not be translated. Container runtimes run plugins without a PATH,
 * so the programs' usual places are named here.
 */
const ENVIRONMENT = {
  ...childMarker,
  LC_ALL: "C",
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin",
};

/**
 * Runs `words` with `input` on stdin and resolves when it, and all it started, has closed its output.
 *
 * @throws the reason of `signal` when that fires; the program has ended by then
 */
export async function runProgram(words: readonly string[], input = "", signal?: AbortSignal): Promise<Outcome> {
  signal?.throwIfAborted();
  const { success, stdout, stderr } =
    await (input === "" ? runWithoutInput(words, signal) : runWithInput(words, input, signal));
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Half the processor time of a run with input: there are no streams to set up. */
async function runWithoutInput(words: readonly string[], signal?: AbortSignal): Promise<Deno.CommandOutput> {
  try {
    return await command(words, "null", signal).output();
  } catch (error) {
    throw explain(words, error);
  }
}

async function runWithInput(
  words: readonly string[],
  input: string,
  signal?: AbortSignal,
): Promise<Deno.CommandOutput> {
  const child = spawn(words, signal);
  const [, output] = await Promise.all([feed(child.stdin, input), child.output()]);
  return output;
}

function spawn(words: readonly string[], signal?: AbortSignal): Deno.ChildProcess {
  try {
    return command(words, "piped", signal).spawn();
  } catch (error) {
    throw explain(words, error);
  }
}

function command([program, ...args]: readonly string[], stdin: "piped" | "null", signal?: AbortSignal): Deno.Command {
  const options = { args, env: ENVIRONMENT, stdin, stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(program!, { ...options, ...(signal && { signal }) });
}

function explain([program]: readonly string[], error: unknown): unknown {
  if (!(error instanceof Deno.errors.NotFound)) return error;
  return new Error(
    `Cannot run ${program}: it is not in ${ENVIRONMENT.PATH}, must be installed (iproute2, util-linux)`,
  );
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
