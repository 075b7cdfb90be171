/** Rules: ordered lists of small judges, of which the first that objects gives the answer. */

/** What is wrong: a field, what it is, and what it would have to be. */
export interface Objection {
  /** Path of the field, as in `spec.Options.cidr`. */
  readonly field: string;
  /** What the field is; undefined when it is missing. */
  readonly value: unknown;
  /** What it must be, to follow the word "must". */
  readonly must: string;
}

/** One rule on what is under review. */
export interface Rule<Review> {
  /** As the documentation counts it. */
  readonly id: string;
  /** What it demands, for the documentation. */
  readonly demands: string;
  judge(review: Review): Objection | undefined;
}

/** The longest value to repeat in a message, in characters. */
const MAX_VALUE = 200;

/** An objection in words: `spec.Options.vlan is 5000, must be 1-4094`. */
export function describeObjection({ field, value, must }: Objection): string {
  if (value === undefined) return `${field} is missing, must ${must}`;
  const text = JSON.stringify(value) ?? String(value);
  return `${field} is ${text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text}, must ${must}`;
}

/** The first objection of `rules`, and whose it is. */
export function firstObjection<Review>(
  rules: readonly Rule<Review>[],
  review: Review,
): { readonly id: string; readonly objection: Objection } | undefined {
  for (const rule of rules) {
    const objection = rule.judge(review);
    if (objection) return { id: rule.id, objection };
  }
  return undefined;
}
