/** Does the calls of danm on this node, in a process that has its connections and caches already. */

import { Gauge, Histogram, type Registry } from "prom-client";
import { dispatch } from "../../cni/dispatch.ts";
import { AGENT_SOCKET, type AgentCall } from "../../host/agent/agent_protocol.ts";
import { type AgentWork, type Caller, serveAgent } from "../../host/agent/serve_agent.ts";
import type { ClusterAccess, RememberedObjects } from "../../plugin/access/cluster_access.ts";
import { danmPlugin } from "../../plugin/danm_plugin.ts";
import { createSharedAccess } from "../../plugin/access/shared_access.ts";
import type { Daemon } from "../daemon.ts";
import { createGate, type Gate } from "../gate.ts";

/**
 * Calls at work at a time; the others wait, which costs them nothing but memory. More would not end sooner: what they
 * wait for are the processors of this node and of the API server.
 */
const CALLS_AT_ONCE = 32;

/** How long calls may go on when the process is to end, in milliseconds; then they are undone. */
const STOP_MS = 5_000;

/** What the agent does calls with. */
export interface AgentMeans {
  /** What is known of the cluster without asking. */
  readonly remembered: RememberedObjects;
  /** The node's mount namespace, to run plugins in; absent where that is this process's own. */
  readonly mounts?: string;
}

/** What all calls have in common. */
interface Common extends AgentMeans {
  readonly access: ClusterAccess;
  readonly gate: Gate;
  readonly meters: ReturnType<typeof createAgentMeters>;
  /** Fires when what is not done by now is to be undone. */
  readonly stop: AbortSignal;
}

/**
 * Serves the agent in `stateDir` until `signal` fires. danm does without it where that fails, so it only says so.
 */
export async function serveAttachments(
  { log, registry }: Pick<Daemon, "log" | "registry">,
  stateDir: string,
  means: AgentMeans,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  using access = createSharedAccess(means.remembered);
  const gate = createGate(CALLS_AT_ONCE);
  const stop = new AbortController();
  const common = { ...means, access, gate, meters: createAgentMeters(registry, gate), stop: stop.signal };
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve());
  await using stack = new AsyncDisposableStack();
  const socket = `${stateDir}/${AGENT_SOCKET}`;
  try {
    stack.use(await serveAgent(socket, (call, caller) => doCall(common, call, caller)));
    log.write("info", "serving attachments", { socket });
  } catch (reason) {
    log.write("warning", "cannot serve attachments, so danm does them alone", { reason });
  }
  await stopped;
  const late = AbortSignal.timeout(STOP_MS);
  late.addEventListener("abort", () => stop.abort(new Error("Cannot go on: the agent ends")));
}

async function doCall(
  { access, gate, meters, mounts, stop }: Common,
  { env, stdin }: AgentCall,
  { gone, confirm, complain }: Caller,
): ReturnType<AgentWork> {
  let refusal: string | undefined;
  const open: ClusterAccess["open"] = (...call) => {
    try {
      return access.open(...call);
    } catch (error) {
      // A file of the kubeconfig may be where only danm sees it. Nothing has begun.
      refusal = error instanceof Error ? error.message : String(error);
      throw error;
    }
  };
  const plugin = danmPlugin({
    access: { ...access, open },
    defaultCniDir: env.CNI_CONF_DIR,
    inTurn: gate.pass,
    confirm,
    complain,
    ...(mounts !== undefined && { mounts }),
  });
  const time = meters.seconds.startTimer({ command: env.CNI_COMMAND ?? "" });
  const answer = await dispatch(plugin, env, stdin, AbortSignal.any([gone, stop]));
  if (answer.exitCode === 1 && stop.aborted) refusal ??= "it ends"; // undone for no fault of the call
  const isLeft = refusal !== undefined || gone.aborted;
  time({ result: isLeft ? "left" : answer.exitCode === 0 ? "success" : "error" });
  return refusal === undefined ? answer : { refusal };
}

function createAgentMeters(registry: Registry, gate: Gate) {
  new Gauge({
    name: "danm_agent_waiting",
    help: "Calls of danm that wait for their turn",
    registers: [registry],
    collect() {
      this.set(gate.waiting);
    },
  });
  return {
    seconds: new Histogram({
      name: "danm_agent_call_seconds",
      help: "Time of one call of danm, waiting included; result left: danm went away, or was left to do it",
      labelNames: ["command", "result"] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    }),
  };
}
