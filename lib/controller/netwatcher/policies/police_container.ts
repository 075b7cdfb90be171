/** Has the policies in force in one container. */

import { lockRules, readRules } from "../../../host/journal/rules_record.ts";
import type { Log } from "../../../host/serving/log.ts";
import { NamespaceMissingError } from "../../../link/namespace_missing_error.ts";
import { readContainer } from "../../../plugin/journals.ts";
import { appliedPolicies, isBehind } from "../../../policy/applied_policies.ts";
import type { InterfaceRules } from "../../../policy/interface_rules.ts";
import type { PolicyView } from "../../../policy/policy_view.ts";
import { ruleTable } from "../../../policy/rule_table.ts";
import type { Enforcement, Enforcer } from "./enforce_rules.ts";
import type { ContainerJournals } from "./local_containers.ts";
import { type ContainerPlace, planContainer, type Situation } from "./plan_container.ts";

export interface PolicingContext {
  readonly log: Log;
  readonly stateDir: string;
  readonly enforcer: Enforcer;
}

/** One that has attachments. */
export interface LocalContainer {
  readonly containerId: string;
  readonly journals: ContainerJournals;
  readonly place: ContainerPlace;
}

/** What a look goes by. */
export interface Look extends Situation {
  /** Those of a namespace, as far as they were heard of. */
  policiesOf(namespace: string): readonly PolicyView[];
  /** The same as the API server has them now. */
  latestOf(namespace: string, signal: AbortSignal): Promise<readonly PolicyView[]>;
  /** Whether to look into the namespaces as well, in case somebody has been there. */
  readonly verify: boolean;
}

/** What is in force in a container. */
export interface Policed {
  readonly rules: readonly InterfaceRules[];
  readonly enforcement: Enforcement;
}

/**
 * Resolves to what is in force then; undefined when that stays as it was, as too little is known.
 *
 * Whoever attached the container asked the API server which policies there are; where this process has heard of less than
 * that, it asks as well, before it takes anything back.
 */
export async function policeContainer(
  { log, stateDir, enforcer }: PolicingContext,
  { containerId, journals, place }: LocalContainer,
  look: Look,
  signal: AbortSignal,
): Promise<Policed | undefined> {
  const { namespace } = place.pod;
  const heard = look.policiesOf(namespace);
  const record = await readRules(stateDir, containerId);
  const policies = record && isBehind(heard, record.policies) ? await look.latestOf(namespace, signal) : heard;
  const plan = (of: ContainerJournals): Policed | undefined => {
    const rules = planContainer(of, policies, look);
    if (rules === undefined) return undefined;
    const table = rules.length === 0 ? undefined : ruleTable(rules, look.node);
    return { rules, enforcement: { ...place, table, policies: appliedPolicies(policies) } };
  };
  const planned = plan(journals);
  if (planned === undefined) return undefined;
  const needsNothing = enforcer.isInForce(containerId, planned.enforcement, record);
  if (needsNothing && (!look.verify || planned.enforcement.table === undefined)) return planned;

  // From here on nobody else changes them. What was read before may have been changed.
  using _lock = await lockRules(stateDir, containerId, signal);
  const recordNow = await readRules(stateDir, containerId);
  const isNews = JSON.stringify(recordNow) !== JSON.stringify(record);
  if (isNews && recordNow && isBehind(policies, recordNow.policies)) {
    throw new Error("somebody has put newer policies in force meanwhile");
  }
  const now = plan((await readContainer(stateDir, containerId)).map(({ entries }) => entries));
  if (now === undefined) return undefined;
  try {
    if (enforcer.isInForce(containerId, now.enforcement, recordNow)) {
      if (await enforcer.isUntouched(containerId, now.enforcement, signal)) return now;
      log.write("warning", "somebody has changed rules, which are put back", { containerId });
    }
    await enforcer.enforce(containerId, now.enforcement, recordNow, signal);
    return now;
  } catch (error) {
    if (error instanceof NamespaceMissingError) return undefined; // its attachments will be taken back
    throw error;
  }
}
