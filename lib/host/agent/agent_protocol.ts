/**
 * What danm and the agent of its node say to each other: lines of JSON over a Unix socket, one connection for each call.
 * danm says one line, its call; the agent answers with words until the last one. Closing the connection ends the call.
 */

import { PRODUCT_VERSION } from "../../api/product_version.ts";
import type { Answer } from "../../cni/dispatch.ts";
import type { Environment } from "../../cni/environment.ts";
import type { FileIdentities } from "./file_identity.ts";

/** Name of the agent's socket in the folder where danm keeps its journals. */
export const AGENT_SOCKET = "agent.sock";

/** What both sides must agree on: the same code, which attaches in the same way. */
export const AGENT_VERSION = `1/${PRODUCT_VERSION}`;

/** The longest call, in bytes: far more than a runtime passes, little enough to hold many. */
export const CALL_LIMIT = 4 * 1024 * 1024;

/** How long danm may take to say its call, in milliseconds. */
export const CALL_MS = 10_000;

/** How many times the agent says that it is at work, in the time after which its silence means that it hangs. */
export const WORDS_IN_SILENCE = 10;

/** One call of danm. */
export interface AgentCall {
  readonly version: string;
  readonly env: Environment;
  readonly stdin: string;
  /** How long the agent may say nothing, in milliseconds, until it counts as hanging. */
  readonly silenceMs: number;
  /** What danm finds at the paths that the call is about: an agent that finds something else must not do it. */
  readonly files: FileIdentities;
}

/** What the agent says. */
export type AgentWord =
  /** It has the call and is at it, or will be soon. */
  | { readonly word: "working" }
  /** It will not do it; danm does. */
  | { readonly word: "refused"; readonly reason: string }
  /** What programs that were run for the call complained about. */
  | { readonly word: "complaint"; readonly text: string }
  | { readonly word: "answer"; readonly answer: Answer };

/** Says one line. */
export async function sendLine(connection: Deno.Conn, message: AgentCall | AgentWord): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}
