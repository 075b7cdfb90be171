/** From whatever went wrong to what the protocol has for it. Source: CNI spec 1.1.0 §5 "Error". */

import { NetworkNotReadyError } from "../attach/interface_plan.ts";
import type { Command } from "../cni/environment.ts";
import { CniError, errorCode } from "../cni/error.ts";
import { DelegateInterruptedError } from "../delegate/run_delegate.ts";
import { JournalError } from "../host/journal/attachment_journal.ts";
import { KubeError, KubeUnreachableError } from "../kube/client/kube_error.ts";

/**
 * The error that danm answers `command` with. The runtime is told to try again when nothing is wrong but what may well
 * have passed by then; one lasting reason among several is enough not to.
 */
export function toCniError(error: unknown, command: Command): CniError {
  if (error instanceof CniError) return error;
  return new CniError(codeOf(error, command), messageOf(error));
}

/** What an error says, in one text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown, command: Command): number {
  if (command === "STATUS") return errorCode.notAvailable;
  const causes = causesOf(error);
  if (causes.every(isPassing)) return errorCode.tryAgainLater;
  return causes.some((cause) => cause instanceof JournalError) ? errorCode.ioFailure : errorCode.failed;
}

/** The single errors of which `error` is made. */
function causesOf(error: unknown): unknown[] {
  return error instanceof AggregateError ? error.errors.flatMap(causesOf) : [error];
}

/**
 * Whether the error is of a kind that goes by: busy or silent API servers, networks that are being made, and whatever took
 * longer than the deadline.
 */
function isPassing(error: unknown): boolean {
  if (error instanceof KubeError) return error.status === 429 || error.status >= 500;
  if (error instanceof NetworkNotReadyError) return true;
  if (error instanceof DelegateInterruptedError) return isPassing(error.cause);
  if (error instanceof KubeUnreachableError) return error.kind !== "certificate";
  return error instanceof DOMException && error.name === "TimeoutError";
}
