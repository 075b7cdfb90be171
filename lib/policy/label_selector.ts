import type { LabelRequirement, LabelSelector } from "../api/network_policy.ts";

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Whether an object with `labels` is selected. An operator that is not known selects nothing: what cannot be told is not
 * allowed.
 *
 * Source: Kubernetes API, meta/v1 LabelSelector.
 */
export function isSelectedBy({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return Object.entries(matchLabels).every(([key, value]) => valueOf(labels, key) === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels));
}

function holds({ key, operator, values = [] }: LabelRequirement, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
