import { fromFileUrl } from "@std/path/posix";
import { eventually } from "../cluster/eventually.ts";
import type { LogFields } from "../../lib/host/log.ts";

/** A process of the example daemon. */
export interface Copycat extends AsyncDisposable {
  /** Lines of its log so far. */
  readonly log: readonly LogFields[];
  readonly status: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
  /** Waits for a line of its log. */
  says(message: string): Promise<LogFields>;
  /** Asks its HTTP server. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

/** Runs the example daemon with the permissions that a daemon has. */
export function copycatCommand(args: readonly string[]): Deno.Command {
  const path = (file: string) => fromFileUrl(new URL(file, import.meta.url));
  const permissions = ["--allow-net", "--allow-read", "--allow-env", "--allow-sys=hostname", "--no-prompt"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", path("../../deno.json"), ...permissions, path("copycat.ts"), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Starts the example daemon, on a free port unless `args` say otherwise. */
export function spawnCopycat(args: readonly string[]): Copycat {
  const child = copycatCommand(["--metrics-address=127.0.0.1:0", ...args]).spawn();
  const log: LogFields[] = [];
  const reading = readLines(child.stderr, (line) => log.push(JSON.parse(line)));
  const says = (message: string) => eventually(`read "${message}"`, () => log.find((line) => line.message === message));
  return {
    log,
    status: child.status,
    kill: (signal) => child.kill(signal),
    says,
    async get(path) {
      const { metricsAddress } = await says("started");
      const response = await fetch(`http://${metricsAddress}${path}`, { signal: AbortSignal.timeout(20_000) });
      return { status: response.status, text: await response.text() };
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await Promise.all([child.status, reading, child.stdout.cancel()]);
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
