/** Changes a network namespace by kernel settings and ip(8) commands, in order, in one process. */

import { addAddress, type InterfaceAddress, sameInterfaceAddress } from "./interface_address.ts";
import { IpError } from "./ip_error.ts";
import { deleteLink } from "./link_commands.ts";
import { type NamespaceState, readNamespace } from "./read_namespace.ts";
import { addRoute, deleteRoute, type Route, sameRoute } from "./route.ts";
import { addRule, type Rule, sameRule } from "./rule.ts";
import { type IpAction, runActions, type SysctlAction } from "./_run_actions.ts";

/** A kernel setting to write. */
export type SysctlStep = SysctlAction;

/** A command to run. */
export interface IpStep extends IpAction {
  /** Whether the namespace is as the command would leave it: then that something exists, or is missing, is no failure. */
  readonly satisfiedBy?: (state: NamespaceState) => boolean;
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

/** Removes the route of that device unless there is none. */
export function ensureNoRoute(unwanted: Route): IpStep {
  const isThere = (route: Route) => sameRoute(route, unwanted) && route.device === unwanted.device;
  return { ip: deleteRoute(unwanted), satisfiedBy: ({ routes }) => !routes.some(isThere) };
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
    const error = await runActions(netnsPath, rest.map(({ step }) => step), signal);
    if (!error) return;
    const failed = error instanceof IpError ? rest[error.index] : undefined;
    if (!(error instanceof IpError) || !failed) throw error;
    const state = canBeSatisfied(failed.step, error) ? await readNamespace(netnsPath, signal) : undefined;
    if (!state || !isSatisfied(failed.step, state)) throw error.at(failed.index);
    // Only up to the first step that is not satisfied: what follows that one may depend on it.
    const open = rest.findIndex(({ step }, place) => place > error.index && !isSatisfied(step, state));
    rest = open < 0 ? [] : rest.slice(open);
  }
}

function canBeSatisfied(step: NamespaceStep, { reason }: IpError): boolean {
  return "ip" in step && step.satisfiedBy !== undefined && (reason === "exists" || reason === "missing");
}

function isSatisfied(step: NamespaceStep, state: NamespaceState): boolean {
  return "ip" in step && step.satisfiedBy !== undefined && step.satisfiedBy(state);
}
