/** Running daemons for tests, as processes with the permissions they are shipped with. */

import { fromFileUrl } from "@std/path/posix";
import type { LogFields } from "../../lib/host/log.ts";
import { eventually } from "../cluster/eventually.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** A running daemon. Disposing of it kills it. */
export interface DaemonProcess extends AsyncDisposable {
  /** Lines of its log so far. */
  readonly log: readonly LogFields[];
  readonly status: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
  /** Waits for a line of its log. */
  says(message: string): Promise<LogFields>;
  /** Waits until it is ready. */
  ready(): Promise<void>;
  /** The value of a metric, e.g. `danm_leader` or `danm_x{a="b"}`; undefined when there is none. */
  metric(name: string): Promise<number | undefined>;
}

/** Starts `component` with its set of `permissions` in deno.json. */
export function startDaemon(component: string, ...flags: readonly string[]): DaemonProcess {
  const program = ["run", `-P=${component}`, "--no-prompt", `cmd/${component}/main.ts`];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...program, "--metrics-address=127.0.0.1:0", ...flags],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log: LogFields[] = [];
  const reading = readLines(child.stderr, (line) => log.push(line.startsWith("{") ? JSON.parse(line) : { raw: line }));
  const says = (message: string) =>
    eventually(`read "${message}" in ${JSON.stringify(log.slice(-5))}`, () => {
      return log.find((line) => line.message === message);
    });
  const get = async (path: string) => {
    const { metricsAddress } = await says("started");
    const response = await fetch(`http://${metricsAddress}${path}`, { signal: AbortSignal.timeout(10_000) });
    return { status: response.status, text: await response.text() };
  };
  return {
    log,
    status: child.status,
    kill: (signal) => child.kill(signal),
    says,
    async ready() {
      await eventually(`see ${component} ready`, async () => {
        const { status, text } = await get("/readyz");
        if (status !== 200) throw new Error(text);
        return true;
      });
    },
    async metric(name) {
      const { text } = await get("/metrics");
      const line = text.split("\n").find((line) => line.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await Promise.all([child.status, reading]);
    },
  };
}

async function readLines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, tell: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const chunk of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  }
}
