/** What all daemons are: a program that follows the API server until it is told to stop. */

import { Registry } from "prom-client";
import { PRODUCT_VERSION } from "../api/product_version.ts";
import { API_GROUPS, type ApiGroup, DEFAULT_API_GROUP } from "../api/resource.ts";
import { type Log, LOG_LEVELS, openStandardErrorLog } from "../host/serving/log.ts";
import { processIdentity } from "../host/processes/process_identity.ts";
import { type ListenAddress, serveHttp } from "../host/serving/serve_http.ts";
import { onTermination } from "../host/processes/termination.ts";
import type { KubeClient } from "../kube/client/client.ts";
import { createDaemonClient } from "../kube/client/daemon_client.ts";
import { daemonConfig } from "../kube/config/daemon_config.ts";
import type { KubeConfig } from "../kube/config/kubeconfig.ts";
import { createEventRecorder, EVENT_PACE, type EventRecorder, NODE_EVENT_PACE } from "../kube/events/event_recorder.ts";
import { addressFlag, choiceFlag, type FlagTable, type FlagValues, formatAddress, textFlag } from "./flag.ts";
import { createHealth, type Health } from "./health.ts";
import { helpText } from "./help_text.ts";
import { createMeters, type Meters } from "./meters.ts";
import { parseFlags, UsageError } from "./parse_flags.ts";
import { runTogether, type Task } from "./run_together.ts";

/** What a daemon's parts are given. */
export interface Daemon {
  /** The program's name, e.g. `netwatcher`. */
  readonly name: string;
  /** Tells this process from all others, other replicas and earlier ones. */
  readonly identity: string;
  readonly apiGroup: ApiGroup;
  readonly kube: KubeClient;
  /** How it reaches the API server, read anew: certificates are rotated. Holds secrets. */
  readonly config: () => KubeConfig;
  /** Where the daemon itself lives: for its leases and secrets. */
  readonly namespace: string;
  readonly log: Log;
  /** Tells users what happens to their objects. */
  readonly events: Pick<EventRecorder, "record">;
  readonly health: Health;
  /** For metrics of the daemon's own. */
  readonly registry: Registry;
  readonly meters: Meters;
}

/** One of the programs. */
export interface DaemonProgram<Table extends FlagTable> {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Default port of `--metrics-address`: programs may share a host's network. */
  readonly metricsPort: number;
  /** Whether it runs on every node, so that many of its processes see the same at a time. */
  readonly onEveryNode?: true;
  /** Flags besides those that every daemon has. */
  readonly flags: Table;
  /** Does the daemon's work until `signal` fires, then ends soon. When it ends before, the program has failed. */
  run(daemon: Daemon, flags: FlagValues<Table>, signal: AbortSignal): Promise<void>;
}

/** How long work may go on after SIGTERM, in milliseconds: less than the 30 s after which kubelet kills. */
const STOP_MS = 20_000;

/**
 * Runs a daemon from its command line to its exit code: 0 after `--help`, `--version` or a clean end on SIGTERM or SIGINT;
 * 2 when the command line is wrong; 1 for everything else, which the log explains.
 */
export async function runDaemon<Table extends FlagTable>(
  program: DaemonProgram<Table>,
  args: readonly string[],
): Promise<number> {
  const table = { ...commonFlags(program.metricsPort), ...program.flags };
  let flags: CommonFlags & FlagValues<Table>;
  try {
    const parsed = parseFlags(table, args);
    if (typeof parsed === "string") {
      const answer = {
        help: helpText(program.name, program.summary, table),
        version: `${program.name} ${PRODUCT_VERSION}`,
      };
      console.log(answer[parsed]);
      return 0;
    }
    flags = parsed as CommonFlags & FlagValues<Table>; // which TypeScript cannot see of a table it does not know yet
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${program.name}: ${error.message}. See ${program.name} --help`);
    return 2;
  }
  using log = openStandardErrorLog(flags.logLevel, { component: program.name });
  const crash = Promise.withResolvers<number>();
  using _guard = onCrash((reason) => {
    log.write("error", "stopping: a mistake of this program", { reason, stack: stackOf(reason) });
    crash.resolve(1);
  });
  return await Promise.race([crash.promise, serve(program, flags, log)]);
}

function commonFlags(metricsPort: number) {
  return {
    kubeconfig: textFlag("FILE", "how to reach the API server; without it as the Pod's service account", undefined),
    apiGroup: choiceFlag(API_GROUPS, "API group of DANM's objects", DEFAULT_API_GROUP),
    metricsAddress: addressFlag("where to serve /metrics, /healthz and /readyz", { hostname: "", port: metricsPort }),
    logLevel: choiceFlag(LOG_LEVELS, "least level of the lines to log", "info"),
  };
}

/** The flags that all daemons have. */
export type CommonFlags = FlagValues<ReturnType<typeof commonFlags>>;

async function serve<Table extends FlagTable>(
  program: DaemonProgram<Table>,
  flags: CommonFlags & FlagValues<Table>,
  log: Log,
): Promise<number> {
  try {
    const config = () => daemonConfig(flags.kubeconfig);
    using kube = createDaemonClient(config, { program: `danm-${program.name}` });
    const daemon = createServices(program, flags.apiGroup, config, kube, log);
    await using _server = serveProbes(flags.metricsAddress, daemon);
    const work: Task = (signal) => program.run(daemon, flags, signal);
    return await untilTerminated(log, daemon.health, (signal) => runTogether([work, daemon.events.run], signal));
  } catch (error) {
    log.write("error", "stopping: it cannot go on", { reason: error });
    return 1;
  }
}

function createServices(
  { name, onEveryNode }: Pick<DaemonProgram<FlagTable>, "name" | "onEveryNode">,
  apiGroup: ApiGroup,
  config: () => KubeConfig,
  kube: KubeClient,
  log: Log,
) {
  const { namespace } = config();
  const identity = processIdentity();
  const registry = new Registry();
  const meters = createMeters(registry);
  const source = { controller: `${name}.${apiGroup}`, instance: identity };
  const dropped = (reason: unknown) => {
    meters.eventsDropped.inc();
    log.write("debug", "an Event was dropped", { reason });
  };
  const events = createEventRecorder(kube, source, dropped, onEveryNode ? NODE_EVENT_PACE : EVENT_PACE);
  return { name, identity, apiGroup, kube, config, namespace, log, events, health: createHealth(), registry, meters };
}

function serveProbes(address: ListenAddress, { health, registry, log }: Daemon): AsyncDisposable {
  const server = serveHttp(address, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/metrics") return health.respond(pathname) ?? new Response("not found\n", { status: 404 });
    return new Response(await registry.metrics(), { headers: { "content-type": registry.contentType } });
  });
  log.write("info", "started", { version: PRODUCT_VERSION, metricsAddress: formatAddress(server.address) });
  return server;
}

/** Runs `work` until somebody asks the process to end. Resolves to the exit code. */
async function untilTerminated(
  log: Log,
  health: Health,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  const forced = Promise.withResolvers<number>();
  const giveUp = (why: string) => {
    log.write("error", `stopping: ${why}`);
    forced.resolve(1);
  };
  using _termination = onTermination((name) => {
    if (stop.signal.aborted) return giveUp(`${name} came again`);
    log.write("info", "stopping", { signal: name });
    stop.abort(new Error(`Cannot go on: ${name} came`));
    Deno.unrefTimer(setTimeout(() => giveUp(`work did not end within ${STOP_MS} ms`), STOP_MS));
  });
  health.addReadiness("process", () => stop.signal.aborted ? "it is stopping" : undefined);
  return await Promise.race([forced.promise, finish(work, stop.signal, log)]);
}

async function finish(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal, log: Log): Promise<number> {
  try {
    await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    if (error !== signal.reason) log.write("warning", "work did not end cleanly", { reason: error });
  }
  if (!signal.aborted) throw new Error("Cannot go on: the work ended by itself");
  log.write("info", "stopped");
  return 0;
}

/** Calls `crashed` for what nobody caught, which would otherwise end the process without a line in its log. */
function onCrash(crashed: (reason: unknown) => void): Disposable {
  const rejected = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    crashed(event.reason);
  };
  const threw = (event: ErrorEvent) => {
    event.preventDefault();
    crashed(event.error);
  };
  globalThis.addEventListener("unhandledrejection", rejected);
  globalThis.addEventListener("error", threw);
  return {
    [Symbol.dispose]() {
      globalThis.removeEventListener("unhandledrejection", rejected);
      globalThis.removeEventListener("error", threw);
    },
  };
}

function stackOf(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.stack : undefined;
}
