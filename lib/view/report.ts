/** What a command tells: tables of plain values, so that text and JSON are made of the same. */

/** One value; undefined where it does not apply or is not known. */
export type Cell = string | number | undefined;

/** One table. */
export interface Section {
  /** Its key in JSON, and its title in text where there are several. */
  readonly name: string;
  /** Names of the columns, as keys of JSON: `usedAddresses`. */
  readonly columns: readonly string[];
  /** Columns that text leaves out unless asked for all. */
  readonly wide?: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The answer of a command. */
export interface Report {
  readonly sections: readonly Section[];
  /** What the reader must know beside: above all what the user's rights hide. */
  readonly notes: readonly string[];
}

/** The report as a value for JSON and YAML: each section a list of objects. */
export function reportData({ sections, notes }: Report): Record<string, unknown> {
  const lists = sections.map(({ name, columns, rows }) =>
    [name, rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index] ?? null])))] as const
  );
  return { ...Object.fromEntries(lists), notes };
}

/** The report as text for people. Notes are not in it: they belong to standard error. */
export function reportText({ sections }: Report, wide: boolean): string {
  const several = sections.length > 1;
  return sections.flatMap((section) => [
    ...(several ? [headline(section.name)] : []),
    ...tableLines(section, wide),
    ...(several ? [""] : []),
  ]).join("\n").trimEnd() + "\n";
}

function tableLines({ columns, wide = [], rows }: Section, all: boolean): string[] {
  if (rows.length === 0) return ["none"];
  const shown = columns.flatMap((column, index) => all || !wide.includes(column) ? [index] : []);
  const table = [
    shown.map((index) => headline(columns[index]!)),
    ...rows.map((row) => shown.map((index) => `${row[index] ?? "-"}`)),
  ];
  const widths = shown.map((_, at) => Math.max(...table.map((line) => line[at]!.length)));
  return table.map((line) => line.map((cell, at) => cell.padEnd(widths[at]!)).join("   ").trimEnd());
}

/** `USED ADDRESSES` for `usedAddresses`. */
function headline(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}
