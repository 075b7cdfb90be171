/** The process side of a CNI plugin: variables and stdin in, stdout and exit code out. Source: CNI spec 1.1.0 §2. */

import { PRODUCT_VERSION } from "../../api/product_version.ts";
import type { Answer } from "../../cni/dispatch.ts";
import type { Environment } from "../../cni/environment.ts";
import { variableNames } from "../../cni/variable_names.ts";

/** What a plugin is called with. */
export interface Call {
  /** The variables of the protocol, and those that were asked for besides. */
  readonly env: Environment;
  readonly stdin: string;
}

/**
 * Reads the call that this process was started for. VERSION has no input worth waiting for when it is asked by hand.
 *
 * @param program its name, which it says with its version where a person asks by `--version`; runtimes give no arguments
 */
export function readCall(program: string, moreVariables: readonly string[] = []): Call {
  if (Deno.args[0] === "--version") answerCall({ stdout: `${program} ${PRODUCT_VERSION}`, exitCode: 0 });
  const env = Object.fromEntries([...variableNames, ...moreVariables].map((name) => [name, Deno.env.get(name)]));
  return { env, stdin: Deno.stdin.isTerminal() ? "" : readStdin() };
}

/** Prints the answer and ends the process: a deadline still running must not hold it. */
export function answerCall({ stdout, exitCode }: Answer): never {
  if (stdout !== "") writeStdout(`${stdout}\n`);
  Deno.exit(exitCode);
}

/** Not by console, which is loaded first. */
function writeStdout(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

/** Not by a stream: starting one takes longer than all the rest. */
function readStdin(): string {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  for (let size = Deno.stdin.readSync(chunk); size !== null; size = Deno.stdin.readSync(chunk)) {
    text += decoder.decode(chunk.subarray(0, size), { stream: true });
  }
  return text + decoder.decode();
}
