import { AGENT_SOCKET } from "../../host/agent/agent_protocol.ts";
import { type AgentOutcome, callAgent } from "../../host/agent/call_agent.ts";
import { identifyFiles } from "../../host/agent/file_identity.ts";
import type { Call } from "../../host/serving/cni_process.ts";
import { DANM_DEFAULTS, DEVICE_INFO_FOLDER } from "../danm_defaults.ts";

/**
 * How long an agent may be silent, in milliseconds. On a node that is overloaded a process may not run for seconds, and
 * doing its work once more would be worse; one that hangs for good is ended by kubelet.
 */
const SILENCE_MS = 10_000;

/** The keys of danm's configuration that this goes by, as they are written. */
type Keys = Readonly<Partial<Record<keyof typeof DANM_DEFAULTS | "kubeconfig", unknown>>>;

/**
 * Hands the call to the agent of the node, where there is one. What is wrong with the configuration is not said here:
 * whoever does the call then says it.
 */
export async function askAgent(call: Call): Promise<AgentOutcome> {
  const keys = readKeys(call.stdin);
  const stateDir = keys.stateDir || DANM_DEFAULTS.stateDir;
  if (typeof stateDir !== "string") return {};
  const files = identifyFiles(pathsOf(call, keys, stateDir));
  return await callAgent(`${stateDir}/${AGENT_SOCKET}`, call, files, SILENCE_MS, console.error);
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
