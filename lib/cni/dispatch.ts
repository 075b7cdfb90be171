/** The outermost function of a CNI plugin: everything above it is environment, stdin and stdout. */

import { statedVersion } from "./config.ts";
import type { Environment } from "./environment.ts";
import { CniError, encodeError, errorCode } from "./error.ts";
import { encodeResult } from "./encode_result.ts";
import {
  type AddRequest,
  type CheckRequest,
  type DelRequest,
  type GcRequest,
  parseRequest,
  type Request,
  type StatusRequest,
} from "./request.ts";
import type { Result } from "./result.ts";
import { cniVersions } from "./version.ts";

/**
 * What a plugin does. To fail, throw: a `CniError` to choose the code, any other error for
 * `errorCode.failed` (`notAvailable` of STATUS) and its message. A command left out succeeds.
 */
export interface Plugin {
  add(request: AddRequest, signal: AbortSignal): Result | Promise<Result>;
  del(request: DelRequest, signal: AbortSignal): void | Promise<void>;
  check(request: CheckRequest, signal: AbortSignal): void | Promise<void>;
  status?(request: StatusRequest, signal: AbortSignal): void | Promise<void>;
  gc?(request: GcRequest, signal: AbortSignal): void | Promise<void>;
}

/** What the process shall print and exit with. */
export interface Answer {
  /** A JSON object, or nothing where the protocol wants nothing. */
  readonly stdout: string;
  readonly exitCode: 0 | 1;
}

/**
 * Serves one call. Never rejects: every failure becomes an error object on stdout.
 *
 * @param signal cancels the plugin's work; what is answered then is the plugin's decision
 */
export async function dispatch(
  plugin: Plugin,
  env: Environment,
  stdin: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  try {
    const answer = await serve(plugin, parseRequest(env, stdin), signal);
    return { stdout: answer === undefined ? "" : JSON.stringify(answer), exitCode: 0 };
  } catch (reason) {
    const error = reason instanceof CniError ? reason : new CniError(
      env.CNI_COMMAND === "STATUS" ? errorCode.notAvailable : errorCode.failed,
      reason instanceof Error ? reason.message : String(reason),
    );
    return { stdout: encodeError(error, statedVersion(stdin)), exitCode: 1 };
  }
}

/** What is to be printed; undefined where the protocol wants no output. */
async function serve(plugin: Plugin, request: Request, signal: AbortSignal): Promise<unknown> {
  switch (request.command) {
    case "ADD":
      return encodeResult(await plugin.add(request, signal), request.config.cniVersion);
    case "DEL":
      await plugin.del(request, signal);
      return;
    case "CHECK":
      await plugin.check(request, signal);
      return;
    case "STATUS":
      await plugin.status?.(request, signal);
      return;
    case "GC":
      await plugin.gc?.(request, signal);
      return;
    case "VERSION":
      return { cniVersion: request.cniVersion, supportedVersions: cniVersions };
  }
}
