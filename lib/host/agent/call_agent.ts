import type { Answer } from "../../cni/dispatch.ts";
import { pause } from "../../time/pause.ts";
import type { Call } from "../serving/cni_process.ts";
import { AGENT_VERSION, type AgentWord, sendLine } from "./agent_protocol.ts";
import type { FileIdentities } from "./file_identity.ts";

/** What became of a call: the agent's answer, or why there is none, where there was an agent. */
export type AgentOutcome = { readonly answer: Answer } | { readonly trouble?: string };

/**
 * Hands a call to the agent that listens at `path`. Whatever goes wrong is no error: the caller does the call itself then,
 * and takes back first what an agent may have begun. The connection is closed in any case, which ends the agent's work.
 *
 * @param files what this process finds at the paths that the call is about
 * @param silenceMs how long the agent may say nothing, in milliseconds, until it counts as hanging
 * @param complain is given what programs that the agent ran wrote to standard error
 */
export async function callAgent(
  path: string,
  { env, stdin }: Call,
  files: FileIdentities,
  silenceMs: number,
  complain: (text: string) => void,
): Promise<AgentOutcome> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path });
  } catch {
    return {}; // nobody listens
  }
  using _connection = connection;
  try {
    await sendLine(connection, { version: AGENT_VERSION, env, stdin, silenceMs, files });
    for await (const word of readWords(connection, silenceMs)) {
      if (word.word === "answer") return { answer: word.answer };
      if (word.word === "refused") return { trouble: word.reason };
      if (word.word === "complaint") complain(word.text);
    }
    return { trouble: "it broke off" };
  } catch (error) {
    return { trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function* readWords(connection: Deno.Conn, silenceMs: number): AsyncGenerator<AgentWord> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const size = await Promise.race([connection.read(chunk), pause(silenceMs)]);
    if (size === undefined) throw new Error(`it has said nothing for ${silenceMs} ms`);
    if (size === null) return;
    const lines = (text + decoder.decode(chunk.subarray(0, size), { stream: true })).split("\n");
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}
