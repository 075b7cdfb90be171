import type { FlagTable } from "./flag.ts";
import { flagName } from "./parse_flags.ts";

/** What `--help` prints. */
export function helpText(program: string, summary: string, table: FlagTable): string {
  const rows = Object.entries(table).map(([key, flag]) => [
    `${flagName(key)}${flag.bare === undefined ? " " : "="}${flag.placeholder}`,
    flag.help + (flag.fallbackText === undefined ? "" : ` (default ${flag.fallbackText})`),
  ]);
  rows.push(["--help", "this text"], ["--version", "the version"]);
  const width = Math.max(...rows.map(([usage = ""]) => usage.length));
  const lines = rows.map(([usage = "", help = ""]) => `  ${usage.padEnd(width)}  ${help}`);
  return [`${program}: ${summary}`, "", `Usage: ${program} [FLAG...]`, "", ...lines, ""].join("\n");
}
