/** Changes a network namespace by kernel settings and ip(8) commands, in order, in one process. */

import { addAddress, type InterfaceAddress, sameInterfaceAddress } from "./interface_address.ts";
import { enterNamespace } from "./ip_batch.ts";
import { type IpCommand, toBatches } from "./ip_command.ts";
import { IpError, type IpErrorReason, toIpError } from "./ip_error.ts";
import { deleteLink } from "./link_commands.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { type NamespaceState, readNamespace } from "./read_namespace.ts";
import { addRoute, type Route, sameRoute } from "./route.ts";
import { addRule, type Rule, sameRule } from "./rule.ts";
import { runProgram } from "./_run_program.ts";
import { type Sysctl, SysctlError, sysctlPath } from "./sysctl.ts";

/** A kernel setting to write. */
export interface SysctlStep {
  readonly sysctl: Sysctl;
}

/** A command to run. */
export interface IpStep {
  readonly ip: IpCommand;
  /** Whether the namespace is as the command would leave it: then that something exists, or is missing, is no failure. */
  readonly satisfiedBy?: (state: NamespaceState) => boolean;
  /** A refusal of the command is no failure. */
  readonly optional?: boolean;
}

/** One change of a namespace. */
export type NamespaceStep = SysctlStep | IpStep;

/** Adds the address unless it is there. */
export function ensureAddress(wanted: InterfaceAddress): IpStep {
  return {
    ip: addAddress(wanted),
    satisfiedBy: ({ addresses }) => addresses.some((a) => sameInterfaceAddress(a, wanted)),
  };
}

/** Adds the route unless the same one is there; a different one to its destination is an error. */
export function ensureRoute(wanted: Route): IpStep {
  return { ip: addRoute(wanted), satisfiedBy: ({ routes }) => routes.some((route) => sameRoute(route, wanted)) };
}

/** Adds the rule unless it is there. */
export function ensureRule(wanted: Rule): IpStep {
  return { ip: addRule(wanted), satisfiedBy: ({ rules }) => rules.some((rule) => sameRule(rule, wanted)) };
}

/** Removes the link unless there is none of that name. */
export function ensureNoLink(device: string): IpStep {
  return { ip: deleteLink(device), satisfiedBy: ({ links }) => !links.some(({ name }) => name === device) };
}

/**
 * Takes `steps` in order in the namespace at `netnsPath` and stops at the first that fails; those before it have had
 * their effect. Repeating it is safe for steps that say what satisfies them.
 *
 * @throws {IpError} for the command that failed; `index` counts in `steps`
 * @throws {SysctlError} for the setting that could not be written
 * @throws {NamespaceMissingError} when there is no such namespace
 */
export async function configureNamespace(
  netnsPath: string,
  steps: readonly NamespaceStep[],
  signal?: AbortSignal,
): Promise<void> {
  let rest = steps.map((step, index) => ({ step, index }));
  while (rest.length > 0) {
    const failure = await runSteps(netnsPath, rest.map(({ step }) => step), signal);
    if (!failure) return;
    const { step, index } = rest[failure.place]!;
    if (!(failure.error instanceof IpError)) throw failure.error;
    const { command, reason, detail } = failure.error;
    const state = canBeSatisfied(step, reason) ? await readNamespace(netnsPath, signal) : undefined;
    if (!state || !isSatisfied(step, state)) throw new IpError(command, index, reason, detail);
    // Only up to the first step that is not satisfied: what follows that one may depend on it.
    const open = rest.findIndex(({ step }, place) => place > failure.place && !isSatisfied(step, state));
    rest = open < 0 ? [] : rest.slice(open);
  }
}

function canBeSatisfied(step: NamespaceStep, reason: IpErrorReason): boolean {
  return "ip" in step && step.satisfiedBy !== undefined && (reason === "exists" || reason === "missing");
}

function isSatisfied(step: NamespaceStep, state: NamespaceState): boolean {
  return "ip" in step && step.satisfiedBy !== undefined && step.satisfiedBy(state);
}

/** What the script below does next. */
interface Action {
  /** The place of its (first) step. */
  readonly place: number;
  /** Kind, place and two operands. */
  readonly words: readonly [kind: "set" | "try-set" | "ip" | "try-ip", place: string, string, string];
  /** What went wrong, made from how the script stopped and what it printed. */
  toError(stop: string, stderr: string): IpError | SysctlError;
}

/**
 * Takes the actions in its arguments. The text is constant: what varies are arguments, which a shell does not interpret.
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
    try-ip) run "$3" "$4" 2>/dev/null ;;
    *)
      if [ -e "$3" ]; then printf %s "$4" 2>/dev/null >"$3" || stop "$2" refused
      elif [ "$1" = set ]; then stop "$2" missing
      fi ;;
  esac
  shift 4
done
`;

/** Runs the steps; resolves to what failed, if anything. */
async function runSteps(
  netnsPath: string,
  steps: readonly NamespaceStep[],
  signal: AbortSignal | undefined,
): Promise<{ place: number; error: IpError | SysctlError } | undefined> {
  const actions = toActions(steps);
  const operands = actions.flatMap(({ words }) => words);
  const words = [...enterNamespace(netnsPath), "sh", "-c", SCRIPT, "sh", ...operands];
  const { success, stderr } = await runProgram(words, "", signal);
  if (success) return undefined;
  if (saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
  const stop = /^stopped at (\d+): (ip|missing|refused)$/m.exec(stderr);
  const action = actions.find(({ place }) => `${place}` === stop?.[1]);
  if (!stop || !action) throw new Error(`Cannot configure network namespace ${netnsPath}: ${stderr.trim()}`);
  const error = action.toError(stop[2]!, stderr.replace(stop[0], ""));
  return { place: error instanceof IpError && error.index >= 0 ? error.index : action.place, error };
}

function toActions(steps: readonly NamespaceStep[]): Action[] {
  const actions: Action[] = [];
  for (let place = 0; place < steps.length;) {
    const step = steps[place]!;
    if ("sysctl" in step) {
      actions.push(sysctlAction(place++, step.sysctl));
    } else if (step.optional) {
      actions.push(...ipActions(place++, [step.ip], "try-ip"));
    } else {
      const commands = plainCommands(steps.slice(place));
      actions.push(...ipActions(place, commands, "ip"));
      place += commands.length;
    }
  }
  return actions;
}

/** The commands before the next setting or optional command. */
function plainCommands(steps: readonly NamespaceStep[]): IpCommand[] {
  const end = steps.findIndex((step) => "sysctl" in step || step.optional);
  return steps.slice(0, end < 0 ? steps.length : end).flatMap((step) => "ip" in step ? [step.ip] : []);
}

function sysctlAction(place: number, sysctl: Sysctl): Action {
  return {
    place,
    words: [sysctl.optional ? "try-set" : "set", `${place}`, sysctlPath(sysctl), sysctl.value],
    toError: (stop) => new SysctlError(sysctl, stop === "missing" ? "missing" : "refused"),
  };
}

function ipActions(start: number, commands: readonly IpCommand[], kind: "ip" | "try-ip"): Action[] {
  return toBatches(commands).map((batch) => {
    const place = start + batch.first;
    return {
      place,
      words: [kind, `${place}`, batch.family, batch.input],
      toError: (_stop, stderr) => toIpError({ ...batch, first: place }, stderr),
    };
  });
}
