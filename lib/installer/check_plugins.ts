/** Whether the plugins work on the node, before anything depends on them. */

import { decodeError } from "../cni/error.ts";
import { PROGRAM_PATH } from "../process/program_folders.ts";
import { runProcess } from "../process/run_process.ts";
import type { Node } from "./node.ts";
import { PLUGINS } from "./payload.ts";

/** Programs of the node that danm runs. */
const TOOLS = ["ip", "nsenter", "setsid", "sh", "stat"] as const;

/** Prints those of its arguments that are no programs. */
const FIND_MISSING = `PATH=${PROGRAM_PATH}
for name; do command -v "$name" >/dev/null || echo "$name"; done`;

const VERSION_INPUT = '{"cniVersion":"1.0.0"}';

/** The plugins cannot serve Pods on this node, or not now. */
export class PluginsUnusableError extends Error {
  override readonly name = "PluginsUnusableError";
}

/**
 * Calls the plugins as the node's container runtime would: in the node's files, with nothing in their environment but the
 * variables of the protocol. First `danm --version`, by which danm loads all of itself: what the first run loads is kept
 * compiled. Then VERSION of all, and danm's STATUS, which reaches for the API server.
 *
 * @param folder of the plugins, as the node sees it
 * @param config text of danm's configuration
 * @throws {PluginsUnusableError} telling what is missing or what danm complains about
 */
export async function checkPlugins(
  node: Node,
  folder: string,
  config: string,
  signal: AbortSignal,
): Promise<void> {
  const missing = (await runOnNode(node, ["/bin/sh", "-c", FIND_MISSING, "sh", ...TOOLS], {}, "", signal)).stdout;
  if (missing !== "") {
    throw new PluginsUnusableError(`Cannot use this node: it lacks ${missing.trim().replaceAll("\n", ", ")}`);
  }
  await call(node, `${folder}/danm`, "--version", "", signal);
  for (const plugin of PLUGINS) await call(node, `${folder}/${plugin}`, "VERSION", VERSION_INPUT, signal);
  // A test leaves no line in the log. The newest version of the protocol has STATUS.
  const tried = { ...JSON.parse(config), cniVersion: "1.1.0", logFile: "/dev/null" };
  await call(node, `${folder}/danm`, "STATUS", JSON.stringify(tried), signal);
}

async function call(
  node: Node,
  program: string,
  command: string,
  input: string,
  signal: AbortSignal,
): Promise<void> {
  const env = { CNI_COMMAND: command, CNI_PATH: node.pluginDir };
  const args = command.startsWith("--") ? [command] : [];
  const { code, stdout, stderr } = await runOnNode(node, [program, ...args], env, input, signal);
  if (code === 0) return;
  const reason = decodeError(stdout)?.message ?? (stderr.trim() || `exit code ${code}`);
  throw new PluginsUnusableError(`Cannot use ${program}: ${command} failed: ${reason}`);
}

async function runOnNode(
  { root }: Node,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: string,
  signal: AbortSignal,
) {
  return await runProcess({ program: "chroot", args: [root, ...command], env, stdin, cwd: "/" }, signal);
}
