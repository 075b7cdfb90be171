/** The host's end of the line that leads to `agent.sh` in a machine. */

/** An idle machine answers at once; an emulated one on a busy host may need many seconds. */
const PING_INTERVAL_MS = 5000;
const UNANSWERED_PINGS = 24;
/** Before the first answer the kernel has to start. */
const UNANSWERED_PINGS_AT_START = 60;

/** Speaks with one agent. Everything waited for rejects when the machine is lost. */
export interface ControlPort {
  /** Resolves when the agent has answered for the first time. */
  readonly started: Promise<void>;
  /** @throws why the machine is lost, if it is */
  check(): void;
  /** Runs the job of this name; resolves to its exit code. */
  run(job: string): Promise<number>;
  /** Kills a job with all its processes. Harmless when it has ended. */
  kill(job: string): void;
  /** Asks all processes to end, then powers the machine off. */
  stop(): void;
  /** Says why the machine is lost, once it has ended. What it said before still counts. */
  lose(reason: Error): Promise<void>;
}

/** @param onSilence called when the agent has not answered for too long */
export function openControlPort(connection: Deno.Conn, onSilence: () => void): ControlPort {
  const started = Promise.withResolvers<void>();
  const jobs = new Map<string, PromiseWithResolvers<number>>();
  const writer = connection.writable.getWriter();
  const encoder = new TextEncoder();
  let lost: Error | undefined;
  let unanswered = 0;
  let tolerated = UNANSWERED_PINGS_AT_START;

  // A write that fails is no news: whoever watches the machine says that it is lost.
  const send = (line: string) => void writer.write(encoder.encode(`${line}\n`)).catch(() => {});
  const ping = () => {
    if (unanswered++ === tolerated) onSilence();
    send("ping");
  };
  const receive = (line: string) => {
    unanswered = 0;
    tolerated = UNANSWERED_PINGS;
    const [verb, job, code] = line.split(" ");
    if (verb === "pong") started.resolve();
    if (verb === "exit") jobs.get(job!)?.resolve(Number(code));
  };

  ping();
  const timer = setInterval(ping, PING_INTERVAL_MS);
  const listening = forEachLine(connection.readable, receive).catch(() => {}); // broken off is as good as ended

  const check = () => {
    if (lost) throw lost;
  };

  return {
    started: started.promise,
    check,
    async run(job) {
      check();
      const ended = Promise.withResolvers<number>();
      jobs.set(job, ended);
      send(`run ${job}`);
      return await ended.promise;
    },
    kill: (job) => send(`kill ${job}`),
    stop: () => send("stop"),
    async lose(reason) {
      clearInterval(timer);
      await listening;
      lost = reason;
      void writer.abort().catch(() => {}); // closes the connection
      started.reject(reason);
      jobs.forEach((job) => job.reject(reason));
    },
  };
}

async function forEachLine(stream: ReadableStream<Uint8Array>, receive: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
    text = lines.pop()!;
    lines.forEach(receive);
  }
}
