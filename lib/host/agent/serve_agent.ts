import type { Answer } from "../../cni/dispatch.ts";
import { pause } from "../../time/pause.ts";
import { listenPrivately } from "../serving/listen_privately.ts";
import {
  AGENT_VERSION,
  type AgentCall,
  type AgentWord,
  CALL_LIMIT,
  CALL_MS,
  sendLine,
  WORDS_IN_SILENCE,
} from "./agent_protocol.ts";
import { differingFiles } from "./file_identity.ts";

/** The danm that waits for the answer to a call. */
export interface Caller {
  /** Fires when it has gone away: what was begun is to be undone. */
  readonly gone: AbortSignal;
  /** Passes on what programs that are run for the call write to standard error. */
  complain(text: string): void;
  /**
   * Resolves when it still waits at this moment, which `gone` may tell too late.
   *
   * @throws the reason of `gone` when it does not
   */
  confirm(): Promise<void>;
}

/** Does one call, or says why it did nothing, so that danm is to do it. Never rejects. */
export type AgentWork = (call: AgentCall, caller: Caller) => Promise<Answer | { readonly refusal: string }>;

/** An agent that listens. Disposing of it takes no more calls, and resolves when those at work have ended. */
export interface Agent extends AsyncDisposable {
  /** How many calls it has, at work or waiting. */
  calls(): number;
}

/**
 * Serves calls of danm at the Unix socket `path`, which only this user can connect to. It takes the place of an earlier
 * agent at once and whole; that one ends what it has begun.
 *
 * @throws {Error} when it cannot listen there
 */
export async function serveAgent(path: string, work: AgentWork): Promise<Agent> {
  const listener = await listenPrivately(path);
  const conversations = new Set<Promise<void>>();
  const accepting = acceptAll(listener, (connection) => {
    const conversation = converse(connection, work).finally(() => conversations.delete(conversation));
    conversations.add(conversation);
  });
  return {
    calls: () => conversations.size,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(conversations);
    },
  };
}

async function acceptAll(listener: Deno.UnixListener, accept: (connection: Deno.UnixConn) => void): Promise<void> {
  for await (const connection of listener) accept(connection);
}

async function converse(connection: Deno.UnixConn, work: AgentWork): Promise<void> {
  using conversation = openConversation(connection);
  const call = await readCall(connection);
  if (call === undefined) return;
  if (call.version !== AGENT_VERSION) {
    const reason = `it is of version ${AGENT_VERSION}, must be ${call.version}`;
    return await conversation.say({ word: "refused", reason });
  }
  const [differing] = differingFiles(call.files);
  if (differing !== undefined) {
    return await conversation.say({ word: "refused", reason: `it finds something else at ${differing}` });
  }
  conversation.startWorking(call.silenceMs);
  const done = await work(call, conversation);
  await conversation.say(
    "refusal" in done ? { word: "refused", reason: done.refusal } : { word: "answer", answer: done },
  );
}

/** One connection after its call was read. */
interface Conversation extends Caller, Disposable {
  /** Resolves when the word is on its way, or nobody is there to hear it. */
  say(word: AgentWord): Promise<void>;
  /** Says from now on that it is at work, so that it is never silent for so long, and notices when danm goes away. */
  startWorking(silenceMs: number): void;
}

function openConversation(connection: Deno.UnixConn): Conversation {
  const end = new AbortController();
  const leave = () => end.abort(new Error("danm has gone away"));
  let timer: ReturnType<typeof setInterval> | undefined;
  let last = Promise.resolve();
  const say = (word: AgentWord) => last = last.then(() => sendLine(connection, word)).catch(leave);
  return {
    gone: end.signal,
    say,
    complain: (text) => void say({ word: "complaint", text }),
    async confirm() {
      await say({ word: "working" }); // which the kernel refuses at once where the other end is closed
      end.signal.throwIfAborted();
    },
    startWorking(silenceMs) {
      void say({ word: "working" });
      timer = setInterval(() => say({ word: "working" }), silenceMs / WORDS_IN_SILENCE);
      // danm says nothing more: whatever comes here is its end.
      connection.read(new Uint8Array(1)).then(leave, leave);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      connection.close();
    },
  };
}

/** The call; undefined when danm goes away before it is whole, says more than any runtime passes, or takes too long. */
async function readCall(connection: Deno.Conn): Promise<AgentCall | undefined> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(64 * 1024);
  const late = pause(CALL_MS);
  let text = "";
  try {
    while (!text.endsWith("\n")) {
      const size = await Promise.race([connection.read(chunk), late]);
      if (size === null || size === undefined || text.length > CALL_LIMIT) return undefined;
      text += decoder.decode(chunk.subarray(0, size), { stream: true });
    }
    return JSON.parse(text);
  } catch {
    return undefined; // not danm
  }
}
