/** Kinds of command line flags. */
import type { ListenAddress } from "../host/serving/serve_http.ts";

/** One flag of a program. */
export interface Flag<T> {
  /** What stands for the value in the help: `FILE`. */
  readonly placeholder: string;
  readonly help: string;
  /** The value when the flag is not given. */
  readonly fallback: T;
  /** `fallback` as a user would write it; absent when there is none. */
  readonly fallbackText?: string;
  /** The value of the flag without one, `--leader-elect`; where absent, a value must follow. */
  readonly bare?: string;
  /** Reads a value. What it throws ends `Cannot use --name VALUE: `. */
  parse(text: string): T;
}

/** Flags by name, `nodeName` for `--node-name`. */
export type FlagTable = Readonly<Record<string, Flag<unknown>>>;

/** What the flags of a table were set to. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer T> ? T : never;
};

/** Any text but an empty one. */
export function textFlag<Fallback extends string | undefined>(
  placeholder: string,
  help: string,
  fallback: Fallback,
): Flag<string | Fallback> {
  return { placeholder, help, fallback, ...(fallback !== undefined && { fallbackText: fallback }), parse: nonEmpty };
}

/** One of several words. */
export function choiceFlag<Choice extends string>(
  choices: readonly Choice[],
  help: string,
  fallback: Choice,
): Flag<Choice> {
  return {
    placeholder: choices.join("|"),
    help,
    fallback,
    fallbackText: fallback,
    parse(text) {
      const choice = choices.find((each) => each === text);
      if (choice === undefined) throw new Error(`must be ${choices.join(", ").replace(/, ([^,]+)$/, " or $1")}`);
      return choice;
    },
  };
}

/** `true` or `false`; `true` without a value. */
export function booleanFlag(help: string, fallback: boolean): Flag<boolean> {
  const choice = choiceFlag(["true", "false"], help, fallback ? "true" : "false");
  return { ...choice, fallback, bare: "true", parse: (text) => choice.parse(text) === "true" };
}

/** A whole number of seconds, from `least`. */
export function secondsFlag(help: string, fallback: number, least: number): Flag<number> {
  return {
    placeholder: "SECONDS",
    help,
    fallback,
    fallbackText: String(fallback),
    parse(text) {
      const seconds = Number(text);
      if (!/^[0-9]{1,9}$/.test(text) || seconds < least) throw new Error(`must be a whole number, ${least} or more`);
      return seconds;
    },
  };
}

/** `HOST:PORT`, `[IPV6]:PORT`, or `:PORT` for all addresses. */
export function addressFlag(help: string, fallback: ListenAddress): Flag<ListenAddress> {
  return {
    placeholder: "HOST:PORT",
    help,
    fallback,
    fallbackText: formatAddress(fallback),
    parse(text) {
      const [, bracketed, plain, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]/]*)):([0-9]{1,5})$/.exec(text) ?? [];
      const port = Number(digits);
      if (digits === undefined || port > 65_535) throw new Error("must be HOST:PORT, or :PORT for all addresses");
      return { hostname: bracketed ?? plain ?? "", port };
    },
  };
}

/** `HOST:PORT` as `addressFlag()` reads it. */
export function formatAddress({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function nonEmpty(text: string): string {
  if (text === "") throw new Error("must not be empty");
  return text;
}
