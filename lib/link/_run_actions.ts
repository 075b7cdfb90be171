/** Writes kernel settings and runs ip(8) commands in a namespace, in order, in one process. */

import { enterNamespace } from "./ip_batch.ts";
import { type IpCommand, toBatches } from "./ip_command.ts";
import { type IpError, toIpError } from "./ip_error.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";
import { type Sysctl, SysctlError, sysctlPath } from "./sysctl.ts";

/** A kernel setting to write. */
export interface SysctlAction {
  readonly sysctl: Sysctl;
}

/** A command to run. */
export interface IpAction {
  readonly ip: IpCommand;
  /** A refusal of the command is no failure. */
  readonly optional?: boolean;
}

/** What the script does in one go. */
interface Part {
  /** The place of its (first) action. */
  readonly place: number;
  /** Kind, place and two operands. */
  readonly words: readonly [kind: "set" | "try-set" | "ip" | "try-ip", place: string, string, string];
  /** What went wrong, made from how the script stopped and what it printed. */
  toError(stop: string, stderr: string): IpError | SysctlError;
}

/**
 * Takes the parts in its arguments. The text is constant: what varies are arguments, which a shell does not interpret.
 * The last line of stderr says where it stopped.
 */
const SCRIPT = `
stop() { echo "stopped at $1: $2" >&2; exit 1; }
run() {
ip $1 -batch - <<END
$2
END
}
while [ $# -gt 0 ]; do
  case $1 in
    ip) run "$3" "$4" || stop "$2" ip ;;
    try-ip) run "-force $3" "$4" 2>/dev/null ;;
    *)
      if [ -e "$3" ]; then printf %s "$4" 2>/dev/null >"$3" || stop "$2" refused
      elif [ "$1" = set ]; then stop "$2" missing
      fi ;;
  esac
  shift 4
done
`;

/** So many commands are far below the 128 KiB that Linux takes as one argument of a program. */
const MOST_COMMANDS = 500;

/**
 * Takes `actions` in order and stops at the first that fails; resolves to why it failed, with its place as the index,
 * or to undefined.
 *
 * @throws {NamespaceMissingError}
 */
export async function runActions(
  netnsPath: string,
  actions: readonly (SysctlAction | IpAction)[],
  signal?: AbortSignal,
): Promise<IpError | SysctlError | undefined> {
  const parts = toParts(actions);
  const words = [...enterNamespace(netnsPath), "sh", "-c", SCRIPT, "sh", ...parts.flatMap(({ words }) => words)];
  const { success, stderr } = await runProgram(words, "", signal);
  if (success) return undefined;
  if (saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  const stop = /^stopped at (\d+): (ip|missing|refused)$/m.exec(stderr);
  const part = parts.find(({ place }) => `${place}` === stop?.[1]);
  if (!stop || !part) throw new Error(`Cannot configure network namespace ${netnsPath}: ${stderr.trim()}`);
  return part.toError(stop[2]!, stderr.replace(stop[0], ""));
}

function toParts(actions: readonly (SysctlAction | IpAction)[]): Part[] {
  const parts: Part[] = [];
  for (let place = 0; place < actions.length;) {
    const action = actions[place]!;
    if ("sysctl" in action) {
      parts.push(sysctlPart(place++, action.sysctl));
      continue;
    }
    const kind = kindOf(action);
    const commands = commandsOf(kind, actions.slice(place, place + MOST_COMMANDS));
    parts.push(...ipParts(place, commands, kind));
    place += commands.length;
  }
  return parts;
}

function kindOf({ optional }: IpAction): "ip" | "try-ip" {
  return optional ? "try-ip" : "ip";
}

/** The commands before the first action of another kind. */
function commandsOf(kind: "ip" | "try-ip", actions: readonly (SysctlAction | IpAction)[]): IpCommand[] {
  const end = actions.findIndex((action) => "sysctl" in action || kindOf(action) !== kind);
  return actions.slice(0, end < 0 ? actions.length : end).flatMap((action) => "ip" in action ? [action.ip] : []);
}

function sysctlPart(place: number, sysctl: Sysctl): Part {
  return {
    place,
    words: [sysctl.optional ? "try-set" : "set", `${place}`, sysctlPath(sysctl), sysctl.value],
    toError: (stop) => new SysctlError(sysctl, stop === "missing" ? "missing" : "refused"),
  };
}

function ipParts(start: number, commands: readonly IpCommand[], kind: "ip" | "try-ip"): Part[] {
  return toBatches(commands).map((batch) => {
    const place = start + batch.first;
    return {
      place,
      words: [kind, `${place}`, batch.family, batch.input],
      toError: (_stop, stderr) => toIpError({ ...batch, first: place }, stderr),
    };
  });
}
