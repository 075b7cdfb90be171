import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { PROBLEM_REASONS } from "../../../policy/policy_problems.ts";
import type { Findings } from "./reconcile_policies.ts";

/** Why a policy does not do what it says: what is wrong with it, or with where it is to be in force. */
export const FAILURE_REASONS = [...PROBLEM_REASONS, "UserspaceDevice", "Refused"] as const;
export type FailureReason = typeof FAILURE_REASONS[number];

/** What there is on the node after a look at it. */
export interface PolicyTally {
  readonly policies: number;
  readonly interfaces: number;
  readonly rules: number;
  readonly elements: number;
  /** One for each object that something is told of. */
  readonly failures: readonly FailureReason[];
}

/** What netwatcher counts of policies. */
export interface PolicyMeters {
  tally(tally: PolicyTally): void;
  readonly nftRuns: Counter;
  readonly effectSeconds: Histogram;
}

export function createPolicyMeters(registry: Registry): PolicyMeters {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const policies = gauge("danm_policies", "Policies in the cluster");
  const interfaces = gauge("danm_policed_interfaces", "Interfaces of this node's Pods that policies hold on");
  const rules = gauge("danm_policy_rules", "Rules in the namespaces of this node's Pods");
  const elements = gauge("danm_policy_elements", "Elements of the sets that these rules name");
  const failures = new Gauge({
    name: "danm_policy_failures",
    help: "Policies, Pods and interfaces of which an Event says that a policy cannot do what it says, by reason",
    labelNames: ["reason"] as const,
    registers,
  });
  return {
    tally(tally) {
      policies.set(tally.policies);
      interfaces.set(tally.interfaces);
      rules.set(tally.rules);
      elements.set(tally.elements);
      for (const reason of FAILURE_REASONS) {
        failures.set({ reason }, tally.failures.filter((each) => each === reason).length);
      }
    },
    nftRuns: new Counter({ name: "danm_policy_nft_runs_total", help: "Times nft was run", registers }),
    effectSeconds: new Histogram({
      name: "danm_policy_effect_seconds",
      help: "From when a change was heard of to when all rules that it changes are in force",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
  };
}

/** What a look has found, in numbers. */
export function tallyOf(
  policies: readonly unknown[],
  { policed }: Pick<Findings, "policed">,
  failures: readonly FailureReason[],
): PolicyTally {
  const tables = policed.flatMap(({ enforcement: { table } }) => table ?? []);
  const count = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
  return {
    policies: policies.length,
    interfaces: count(policed.map(({ rules }) => rules.length)),
    rules: count(tables.flatMap(({ chains }) => [...chains.values()].map((lines) => lines.length))),
    elements: count(tables.flatMap(({ sets }) => [...sets.values()].map(({ elements }) => elements.size))),
    failures,
  };
}
