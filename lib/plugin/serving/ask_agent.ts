import { AGENT_SOCKET } from "../../host/agent/agent_protocol.ts";
import { type AgentOutcome, callAgent } from "../../host/agent/call_agent.ts";
import { identifyFiles } from "../../host/agent/file_identity.ts";
import type { Call } from "../../host/serving/cni_process.ts";
import { DANM_DEFAULTS, DEVICE_INFO_FOLDER } from "../danm_defaults.ts";

/** How long an agent may be silent, in milliseconds: it says every half second that it is at work. */
const SILENCE_MS = 5_000;

/** The part of the time that a call has which may be spent on waiting for an agent that hangs. */
const SILENT_PART = 1 / 4;

/** The keys of danm's configuration that this goes by, as they are written. */
type Keys = Readonly<Partial<Record<keyof typeof DANM_DEFAULTS | "kubeconfig", unknown>>>;

/**
 * Hands the call to the agent of the node, where there is one. What is wrong with the configuration is not said here:
 * whoever does the call then says it.
 */
export async function askAgent(call: Call): Promise<AgentOutcome> {
  const keys = readKeys(call.stdin);
  const stateDir = keys.stateDir || DANM_DEFAULTS.stateDir;
  const timeout = keys.timeout || DANM_DEFAULTS.timeout;
  if (typeof stateDir !== "string" || typeof timeout !== "number") return {};
  const files = identifyFiles(pathsOf(call, keys, stateDir));
  const silenceMs = Math.min(SILENCE_MS, timeout * 1000 * SILENT_PART);
  return await callAgent(`${stateDir}/${AGENT_SOCKET}`, call, files, silenceMs, console.error);
}

function readKeys(stdin: string): Keys {
  try {
    return JSON.parse(stdin) ?? {};
  } catch {
    return {};
  }
}

/** Of files that are made anew now and then, the folder. */
function pathsOf({ env }: Call, keys: Keys, stateDir: string): string[] {
  const { cniDir, logFile, podResourcesSocket } = DANM_DEFAULTS;
  const paths = [
    stateDir,
    keys.kubeconfig,
    keys.cniDir || env.CNI_CONF_DIR || cniDir,
    folderOf(keys.logFile || logFile),
    folderOf(keys.podResourcesSocket || podResourcesSocket),
    DEVICE_INFO_FOLDER,
    env.CNI_NETNS,
  ];
  return paths.filter((path) => typeof path === "string" && path !== "") as string[];
}

function folderOf(path: unknown): string {
  return String(path).replace(/\/[^/]*$/, "/");
}
