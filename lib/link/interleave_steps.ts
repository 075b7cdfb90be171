/** Orders the steps of several interfaces so that few processes take them. */

import type { NamespaceStep } from "./configure_namespace.ts";

/** A step and the place of the group it came from. */
export interface GroupedStep {
  readonly step: NamespaceStep;
  readonly group: number;
}

/**
 * Merges `groups`, whose steps do not depend on another group's. The steps of each group stay in their order, and those
 * that one run of ip(8) can take come together, groups in their order: eight interfaces need as many runs as one.
 */
export function interleaveSteps(groups: readonly (readonly NamespaceStep[])[]): GroupedStep[] {
  const queues = groups.map((steps) => [...steps]);
  const merged: GroupedStep[] = [];
  for (let head = firstOf(queues); head; head = firstOf(queues)) {
    const kind = kindOf(head);
    for (const [group, queue] of queues.entries()) {
      const end = queue.findIndex((step) => kindOf(step) !== kind);
      const run = queue.splice(0, end < 0 ? queue.length : end);
      merged.push(...run.map((step) => ({ step, group })));
    }
  }
  return merged;
}

function firstOf(queues: readonly NamespaceStep[][]): NamespaceStep | undefined {
  return queues.find((queue) => queue.length > 0)?.[0];
}

/** Steps of one kind can go into one run. */
function kindOf(step: NamespaceStep): string {
  if ("sysctl" in step) return "sysctl";
  return `${step.optional ? "optional" : ""}${step.ip[0] === "-6" ? "-6" : ""}`;
}
