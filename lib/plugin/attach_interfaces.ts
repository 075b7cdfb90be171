/** Making the interfaces of one Pod, in parallel but for those that are made on others, and setting them up. */

import type { Log, LogFields } from "../host/serving/log.ts";
import { describeNetwork, type InterfacePlan } from "../attach/interface_plan.ts";
import { configureNamespace, type NamespaceStep } from "../link/configure_namespace.ts";
import { interleaveSteps } from "../link/interleave_steps.ts";
import { IpError } from "../link/ip_error.ts";
import { addRoute } from "../link/route.ts";
import { SysctlError } from "../link/sysctl.ts";
import { AttachError, type AttachFailure } from "./attach_error.ts";
import type { Attachment } from "./attachment.ts";
import type { RecordedInterface } from "./attachment_entry.ts";
import type { AttachContext, AttachedInterface, PreparedInterface } from "./backends/backend.ts";
import { isDefaultRoute, routesOf, routingSteps } from "./interface_setup.ts";
import { runInOrder } from "./run_in_order.ts";
import { messageOf } from "./to_cni_error.ts";

/** Interfaces whose links exist, in the order given. */
export interface AttachedInterfaces {
  readonly attached: readonly AttachedInterface[];
  /** Those of them that are not set up yet. */
  readonly unfinished: readonly AttachedInterface[];
}

/**
 * Makes all, each as soon as those that it needs are made and set up. What nobody needs is left to be set up, so that
 * one process can do it for all.
 *
 * @param prepared as many as `context.begin` has, in the same order
 * @throws {AttachError} of all that failed, once all have ended
 */
export async function attachInOrder(
  context: AttachContext,
  prepared: readonly PreparedInterface[],
  signal: AbortSignal,
): Promise<AttachedInterfaces> {
  const items = prepared.map((own, place) => ({ ...context.begin.interfaces[place]!, own }));
  const needed = new Set(items.flatMap(({ needs = [] }) => needs));
  const outcomes = await runInOrder(
    items,
    ({ needs = [] }: RecordedInterface) => items.filter(({ name }) => needs.includes(name)),
    async ({ name, own }) => {
      const attached = await attachAndLog(context, own, signal);
      const [failure] = needed.has(name) ? await finishEarly(context, attached, signal) : [];
      if (failure) throw failure.reason;
      return attached;
    },
  );
  const attached = unlessFailed(prepared.map(({ plan }) => plan), outcomes);
  return { attached, unfinished: attached.filter(({ plan }) => !needed.has(plan.name)) };
}

/**
 * What `outcomes`, one for each of `plans`, have resolved to.
 *
 * @throws {AttachError} of all that failed
 */
export function unlessFailed<T>(plans: readonly InterfacePlan[], outcomes: readonly PromiseSettledResult<T>[]): T[] {
  const failures = outcomes.flatMap((outcome, place) =>
    outcome.status === "rejected" ? [{ plan: plans[place]!, reason: outcome.reason }] : []
  );
  if (failures.length > 0) throw new AttachError(failures);
  return outcomes.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []);
}

async function attachAndLog(
  context: AttachContext,
  { plan, attach }: PreparedInterface,
  signal: AbortSignal,
): Promise<AttachedInterface> {
  const { log } = context.services;
  return await logFailure(log, plan, async (fields) => {
    const attached = await attach(context, signal);
    log.write("info", "attached", { ...fields(), addresses: attached.setup.addresses });
    return attached;
  });
}

/**
 * Does `work` for an interface, and logs why it failed.
 *
 * @param work is given what every line about the interface has, its time included
 */
export async function logFailure<T>(
  log: Log,
  plan: InterfacePlan,
  work: (fields: () => LogFields) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const fields = () => ({
    interface: plan.name,
    network: describeNetwork(plan.network),
    ms: Math.round(performance.now() - started),
  });
  try {
    return await work(fields);
  } catch (error) {
    log.write("warning", "not attached", { ...fields(), reason: messageOf(error) });
    throw error;
  }
}

/**
 * Sets up an interface that others are made on. Whose default route stays is known only when all are made: until then it
 * is that of the first to come.
 */
async function finishEarly(
  attachment: Attachment,
  one: AttachedInterface,
  signal: AbortSignal,
): Promise<AttachFailure[]> {
  const defaults = one.setup.routes.filter(isDefaultRoute);
  const routes = one.setup.routes.filter((route) => !isDefaultRoute(route));
  const setup = { ...one.setup, routes };
  const tries = routesOf({ ...one.setup, routes: defaults }).map((route) => ({ ip: addRoute(route), optional: true }));
  const early = { ...one, setup, steps: [...one.steps, ...tries] };
  return await finishInNamespace(attachment, { attached: [early], noted: [early], before: [] }, signal);
}

/** What is to be done in a namespace. */
export interface Unfinished {
  readonly attached: readonly AttachedInterface[];
  /** Whose setups are noted in the journal. */
  readonly noted: readonly AttachedInterface[];
  /** Steps that come before those of the interfaces, for all of them. */
  readonly before: readonly NamespaceStep[];
}

/**
 * Sets interfaces up in one process, noted in the journal first. What fails is told with the interface it was for, or
 * with all of them.
 */
export async function finishInNamespace(
  { target, journal }: Attachment,
  { attached, noted, before }: Unfinished,
  signal: AbortSignal,
): Promise<AttachFailure[]> {
  await journal.append([{ type: "setups", setups: noted.map(({ setup }) => setup) }], { durable: false });
  const own = interleaveSteps(attached.map(({ setup, steps }) => [...steps, ...routingSteps(setup)]));
  const steps = [...before.map((step) => ({ step, group: -1 })), ...own];
  try {
    await configureNamespace(target.netns, steps.map(({ step }) => step), signal);
    return [];
  } catch (reason) {
    const place = reason instanceof IpError
      ? reason.index
      : steps.findIndex(({ step }) =>
        reason instanceof SysctlError && "sysctl" in step && step.sysctl === reason.sysctl
      );
    const failed = attached[steps[place]?.group ?? -1];
    return failed ? [{ plan: failed.plan, reason }] : noted.map(({ plan }) => ({ plan, reason }));
  }
}
