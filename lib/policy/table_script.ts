/** What nft(8) is to be told, so that it all happens at once or not at all. */

import type { RuleSet, RuleTable } from "./rule_table.ts";

/** The table's family and name in every Pod's namespace. */
export const TABLE = "inet danm";

/** Puts `table` in the place of whatever table there is, in one step. */
export function replaceScript(table: RuleTable): string {
  const sets = [...table.sets].map(([name, { form, elements }]) =>
    `  set ${name} { ${form}; ${elements.size === 0 ? "" : `elements = { ${[...elements].join(", ")} }; `}}\n`
  );
  const chains = [...table.chains].map(([name, rules]) => `  chain ${name} {\n${lines(rules)}  }\n`);
  return `${REMOVE}table ${TABLE} {\n${sets.join("")}${chains.join("")}}\n`;
}

/** Naming a table before deleting it makes it no mistake that there was none. */
const REMOVE = `table ${TABLE}\ndelete table ${TABLE}\n`;

/** Takes the table away, if there is one. */
export const REMOVE_SCRIPT = REMOVE;

function lines(rules: readonly string[]): string {
  return rules.map((rule) => `    ${rule}\n`).join("");
}

/**
 * Makes `after` of `before`: by single elements where nothing else has changed.
 *
 * @returns undefined when nothing is to be done
 */
export function changeScript(before: RuleTable, after: RuleTable): string | undefined {
  if (!hasSameStructure(before, after)) return replaceScript(after);
  const changes = [...after.sets].flatMap(([name, set]) => {
    const old = before.sets.get(name)!.elements;
    if (old === set.elements) return [];
    return [
      ...elementChange("add", name, [...set.elements].filter((element) => !old.has(element))),
      ...elementChange("delete", name, [...old].filter((element) => !set.elements.has(element))),
    ];
  });
  return changes.length === 0 ? undefined : changes.join("");
}

function elementChange(verb: "add" | "delete", set: string, elements: readonly string[]): string[] {
  return elements.length === 0 ? [] : [`${verb} element ${TABLE} ${set} { ${elements.join(", ")} }\n`];
}

/** Whether two tables differ by nothing but elements that come and go with Pods. */
export function hasSameStructure(a: RuleTable, b: RuleTable): boolean {
  return structureOf(a) === structureOf(b);
}

function structureOf({ sets, chains }: RuleTable): string {
  const fixed = ([name, { form, isLive, elements }]: readonly [string, RuleSet]) =>
    [name, form, isLive ? "live" : [...elements].sort()] as const;
  return JSON.stringify([[...sets].map(fixed), [...chains]]);
}
