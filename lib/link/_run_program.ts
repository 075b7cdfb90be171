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
  const child = spawn(words, signal);
  const [, { success, stdout, stderr }] = await Promise.all([feed(child.stdin, input), child.output()]);
  signal?.throwIfAborted();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function spawn([program, ...args]: readonly string[], signal?: AbortSignal): Deno.ChildProcess {
  const options = { args, env: ENVIRONMENT, stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  try {
    return new Deno.Command(program!, { ...options, ...(signal && { signal }) }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `Cannot run ${program}: it is not in ${ENVIRONMENT.PATH}, must be installed (iproute2, util-linux)`,
    );
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
