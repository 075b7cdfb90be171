import type { Flag, FlagTable, FlagValues } from "./flag.ts";

/** The command line is wrong; the message says where. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Reads a command line of `--name VALUE` and `--name=VALUE`. Of a repeated flag the last one counts.
 *
 * @returns the values of all flags of `table`, or which of the two flags that every program has was given
 * @throws {UsageError} for an unknown flag, a wrong or missing value, or anything that is no flag
 */
export function parseFlags<Table extends FlagTable>(
  table: Table,
  args: readonly string[],
): FlagValues<Table> | "help" | "version" {
  const flags = new Map(Object.entries(table).map(([key, flag]) => [flagName(key), { key, flag }]));
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(table).map(([key, { fallback }]) => [key, fallback]),
  );
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--help" || word === "-h") return "help";
    if (word === "--version") return "version";
    const [, name, inline] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) throw new UsageError(`Cannot use ${word}: it is not a flag, must start with --`);
    const known = flags.get(name);
    if (known === undefined) throw new UsageError(`Cannot use ${name}: there is no such flag`);
    const text = inline ?? known.flag.bare ?? rest.shift();
    if (text === undefined) throw new UsageError(`Cannot use ${name}: its value ${known.flag.placeholder} is missing`);
    values[known.key] = parseValue(name, known.flag, text);
  }
  return values as FlagValues<Table>;
}

function parseValue(name: string, flag: Flag<unknown>, text: string): unknown {
  try {
    return flag.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot use ${name} ${text}: ${error instanceof Error ? error.message : error}`);
  }
}

/** `--node-name` for `nodeName`. */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
