/** The process side of a CNI plugin: variables and stdin in, stdout and exit code out. Source: CNI spec 1.1.0 §2. */

import { PRODUCT_VERSION } from "../../api/product_version.ts";
import { dispatch, type Plugin } from "../../cni/dispatch.ts";
import { variableNames } from "../../cni/environment.ts";

/**
 * Serves the one call this process was started for, and ends the process: a deadline still running must not hold it.
 *
 * @param name of the program, which says it with its version where a person asks by `--version`; runtimes give no arguments
 */
export async function serveCni(name: string, plugin: Plugin): Promise<never> {
  if (Deno.args[0] === "--version") {
    console.log(`${name} ${PRODUCT_VERSION}`);
    Deno.exit(0);
  }
  const env = Object.fromEntries(variableNames.map((name) => [name, Deno.env.get(name)]));
  // VERSION has no input worth waiting for when an administrator asks by hand.
  const stdin = Deno.stdin.isTerminal() ? "" : readStdin();
  const { stdout, exitCode } = await dispatch(plugin, env, stdin);
  if (stdout !== "") console.log(stdout);
  Deno.exit(exitCode);
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
