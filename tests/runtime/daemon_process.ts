/** Running daemons for tests, as processes with the permissions they are shipped with. */

import { killChild } from "../../lib/process/kill_group.ts";
import type { LogFields } from "../../lib/host/serving/log.ts";
import { eventually } from "../cluster/eventually.ts";
import { PROGRAM_FOLDER } from "../program_folder.ts";
import { readLines } from "./read_lines.ts";

/** A running daemon. Disposing of it kills it. */
export interface DaemonProcess extends AsyncDisposable {
  readonly pid: number;
  /** Lines of its log so far. */
  readonly log: readonly LogFields[];
  readonly status: Promise<Deno.CommandStatus>;
  kill(signal: Deno.Signal): void;
  /** Waits for a line of its log. */
  says(message: string): Promise<LogFields>;
  /** Waits until it is ready. */
  ready(): Promise<void>;
  /** Asks its HTTP server for health and metrics. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
  /** The value of a metric, e.g. `danm_leader` or `danm_x{a="b"}`; undefined when there is none. */
  metric(name: string): Promise<number | undefined>;
}

/** Starts `component` as `make build` made it. */
export function startDaemon(component: string, ...flags: readonly string[]): DaemonProcess {
  return spawnDaemon(
    new Deno.Command(`${PROGRAM_FOLDER}/${component}`, {
      args: ["--metrics-address=127.0.0.1:0", ...flags],
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }),
  );
}

/** Starts a command that is a daemon; its standard error must be piped. */
export function spawnDaemon(command: Deno.Command): DaemonProcess {
  const child = command.spawn();
  const log: LogFields[] = [];
  const reading = readLines(child.stderr, (line) => log.push(line.startsWith("{") ? JSON.parse(line) : { raw: line }));
  const says = (message: string) =>
    eventually(`read "${message}" in ${JSON.stringify(log.slice(-5))}`, () => {
      return log.find((line) => line.message === message);
    });
  const get = async (path: string) => {
    const { metricsAddress } = await says("started");
    const response = await fetch(`http://${metricsAddress}${path}`, { signal: AbortSignal.timeout(20_000) });
    return { status: response.status, text: await response.text() };
  };
  return {
    pid: child.pid,
    log,
    status: child.status,
    kill: (signal) => child.kill(signal),
    says,
    async ready() {
      await eventually("see the daemon ready", async () => {
        const { status, text } = await get("/readyz");
        if (status !== 200) throw new Error(`${text}\n${JSON.stringify(log.slice(-3))}`);
        return true;
      });
    },
    get,
    async metric(name) {
      const { text } = await get("/metrics");
      const line = text.split("\n").find((line) => line.startsWith(`${name} `));
      return line === undefined ? undefined : Number(line.slice(name.length + 1));
    },
    async [Symbol.asyncDispose]() {
      killChild(child);
      await Promise.all([child.status, reading]);
    },
  };
}
