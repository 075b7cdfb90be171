/** What went wrong in a run of ip(8), told apart by meaning. The only place that reads ip's messages. */

import type { Batch, IpCommand } from "./ip_command.ts";

/**
 * - `exists`: what the command makes is there already, identical or not;
 * - `missing`: what the command names (a link, a route, an address, a rule) is not there;
 * - `unsupported`: the kernel or the driver cannot do this, e.g. a module is not there;
 * - `busy`: something else holds what the command needs, e.g. another ipvlan link of the parent the address;
 * - `other`: none of these.
 */
export type IpErrorReason = "exists" | "missing" | "unsupported" | "busy" | "other";

/** A command that ip(8) or the kernel refused. */
export class IpError extends Error {
  override readonly name = "IpError";

  /**
   * @param command the command that failed; empty when ip did not say which
   * @param index the place of `command` in what was run; -1 when ip did not say which
   * @param detail what ip printed
   */
  constructor(
    readonly command: IpCommand,
    readonly index: number,
    readonly reason: IpErrorReason,
    readonly detail: string,
  ) {
    super(`Cannot run ip ${command.join(" ")}: ${detail}`);
  }

  /** The same failure with another index, for a caller that ran the commands as part of more. */
  at(index: number): IpError {
    return new IpError(this.command, index, this.reason, this.detail);
  }
}

/**
 * The kernel's own words reach us in two shapes: strerror(3) after `RTNETLINK answers:`, and, where the kernel explains
 * itself (extack), that explanation alone, without the error number. Both are listed.
 */
const REASONS: readonly (readonly [RegExp, IpErrorReason])[] = [
  [/busy|already assigned to an ipvlan device/, "busy"],
  [/File exists|already exists|[Aa]ddress already assigned/, "exists"],
  [
    /Cannot find device|does not exist|No such (device|file|process)|[Aa]ddress not found|Cannot assign requested address/,
    "missing",
  ],
  [/not supported|Unknown device type/, "unsupported"],
];

/** What the programs that were to run ip(8) say of themselves: nothing about links, whatever it sounds like. */
const NOT_OF_IP = /^(\S*\/)?(nsenter|sh): /m;

/** What a message of ip(8) means. */
export function ipErrorReason(message: string): IpErrorReason {
  if (NOT_OF_IP.test(message)) return "other";
  return REASONS.find(([pattern]) => pattern.test(message))?.[1] ?? "other";
}

/** Turns what a failed run of `batch` printed into the command that failed and what its message means. */
export function toIpError({ commands, first }: Pick<Batch, "commands" | "first">, stderr: string): IpError {
  const line = /^Command failed -:(\d+)$/m.exec(stderr)?.[1];
  const detail = stderr.replace(/^Command failed -:\d+$/m, "").trim().replaceAll(/\s*\n\s*/g, "; ");
  // ip leaves without a line number when it cannot even read a command's arguments.
  const place = line !== undefined ? Number(line) - 1 : commands.length === 1 ? 0 : -1;
  const command = commands[place];
  return new IpError(
    command ?? [],
    command ? first + place : -1,
    ipErrorReason(detail),
    detail || "it failed without a message",
  );
}
