import type { FlagTable } from "../controller/flag.ts";
import { flagName } from "../controller/parse_flags.ts";

/** A command line, taken apart. */
export interface CommandLine {
  /** What is no flag, in order. */
  readonly words: readonly string[];
  /** Flags with their values, by their long names. */
  readonly flags: readonly string[];
}

/** Short flags, as kubectl has them. */
const SHORT: Readonly<Record<string, string>> = { "-n": "--namespace", "-o": "--output", "-A": "--all-namespaces" };

/** Parts flags from words, in any order: `-n web pod a` is `pod a -n web`, and `-ojson` is `-o json`. */
export function splitWords(table: FlagTable, args: readonly string[]): CommandLine {
  const words: string[] = [];
  const flags: string[] = [];
  const takesValue = new Set(
    Object.entries(table).filter(([, { bare }]) => bare === undefined).map(([key]) => flagName(key)),
  );
  const rest = args.flatMap(expand);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-")) words.push(word);
    else if (takesValue.has(word) && rest.length > 0) flags.push(`${word}=${rest.shift()}`);
    else flags.push(word);
  }
  return { words, flags };
}

function expand(word: string): string[] {
  const long = SHORT[word.slice(0, 2)];
  if (long === undefined) return [word];
  const attached = word.slice(2).replace(/^=/, "");
  return attached === "" ? [long] : [long, attached];
}
