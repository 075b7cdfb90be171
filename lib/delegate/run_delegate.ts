/** Runs one CNI plugin that DANM delegates to. Source: CNI spec 1.1.0 §4 "Plugin delegation". */

import type { DelegateConfig } from "../attach/delegate_config.ts";
import { childMarker } from "../cni/child_marker.ts";
import { decodeResult } from "../cni/decode_result.ts";
import { encodeEnvironment, type Parameters } from "../cni/environment.ts";
import { CniError, decodeError, errorCode } from "../cni/error.ts";
import type { Result } from "../cni/result.ts";
import { openLocked } from "../host/files/open_locked.ts";
import { pluginTurnPath } from "../host/journal/journal_path.ts";
import { PROGRAM_PATH } from "../process/program_folders.ts";
import { type ProcessResult, runProcess } from "../process/run_process.ts";
import { isMissing, pluginProgram } from "./plugin_program.ts";

/** The file of a delegate is in none of the plugin folders. */
export class DelegateMissingError extends Error {
  override readonly name = "DelegateMissingError";
}

/** A plugin was killed before it had ended by itself. */
export class DelegateInterruptedError extends Error {
  override readonly name = "DelegateInterruptedError";
  /** @param reason why, as the signal had it */
  constructor(what: string, reason: unknown) {
    super(`${what}: ${reason instanceof Error ? reason.message : reason}`, { cause: reason });
  }
}

/** Where plugins are run. */
export interface PluginPlace {
  /** The mount namespace in whose files they are looked for and run, with the tools there; absent for danm's own. */
  readonly mounts?: string;
}

/**
 * Plugins that look for tables of the whole node, and make them when there are none: of two that do so at a time one would
 * fail. They take turns on a node.
 */
const IN_TURN: readonly string[] = ["portmap"];

/** One call of a plugin: whom it is about, and what is to be done. */
export interface DelegateCall extends Parameters, PluginPlace {
  /** Key of the attachment it is made for. */
  readonly attachment: string;
  /** The node's folder of what those that call plugins have in common. */
  readonly stateDir: string;
  /** Is given what the plugin writes to standard error; where absent it is this process's own. */
  readonly complain?: (text: string) => void;
}

/**
 * Runs the plugin `config.type`; its whole process tree is gone when this settles.
 *
 * @param parameters the runtime's, with the command and the interface's name
 * @returns the plugin's result; undefined when it printed none
 * @throws {DelegateMissingError} when no folder of `parameters.path` has it
 * @throws {CniError} with the plugin's own code and words where it gave any
 * @throws {DelegateInterruptedError} when `signal` aborts first
 */
export async function runDelegate(
  config: DelegateConfig,
  { attachment, stateDir, mounts, complain = console.error, ...parameters }: DelegateCall,
  signal: AbortSignal,
): Promise<Result | undefined> {
  const program = pluginProgram(config.type, parameters.path, mounts);
  if (program === undefined) throw new DelegateMissingError(missingText(config.type, parameters.path));
  // Plugins start others (iptables, for one), and runtimes may have no PATH themselves.
  const env = { ...encodeEnvironment(parameters), ...childMarker(attachment), PATH: PROGRAM_PATH };
  const command = { ...program, stdin: JSON.stringify(config), env };
  using _turn = IN_TURN.includes(config.type)
    ? await openLocked(pluginTurnPath(stateDir, config.type), signal)
    : undefined;
  const outcome = await runProcess(command, signal).catch((error) => {
    if (!signal.aborted) throw error;
    throw new DelegateInterruptedError(`Plugin ${config.type} did not end at ${parameters.command}`, signal.reason);
  });
  if (isMissing(outcome)) throw new DelegateMissingError(missingText(config.type, parameters.path));
  // The specification wants it passed on; the error has an excerpt of it where there is nothing better to say.
  if (outcome.stderr !== "") complain(outcome.stderr.trimEnd());
  if (outcome.code !== 0) throw toFailure(config.type, parameters.command, outcome);
  if (parameters.command !== "ADD") return undefined;
  return decodeResult(parseOutput(config.type, outcome.stdout), `result of plugin ${config.type}`);
}

function missingText(type: string, folders: readonly string[]): string {
  return `Cannot run plugin ${type}: it is not in CNI_PATH, must be in one of ${folders.join(", ")}`;
}

function parseOutput(type: string, stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new CniError(
      errorCode.decodingFailure,
      `Cannot read result of plugin ${type}: it is ${excerpt(stdout)}, must be JSON`,
    );
  }
}

function toFailure(type: string, command: string, { code, signal, stdout, stderr }: ProcessResult): CniError {
  const reported = decodeError(stdout);
  if (reported) return new CniError(reported.code, `Plugin ${type} failed at ${command}`, reported.message);
  const end = signal ? `was ended by ${signal}` : `exited with ${code}`;
  return new CniError(
    errorCode.failed,
    `Plugin ${type} failed at ${command}`,
    `it ${end} and said ${excerpt(stderr || stdout)}`,
  );
}

function excerpt(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line === "" ? "nothing" : JSON.stringify(line.length > 300 ? `${line.slice(0, 300)}…` : line);
}
