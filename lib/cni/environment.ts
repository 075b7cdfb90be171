/** The CNI_* variables. Source: CNI spec 1.1.0 §2 "Parameters" and the list of each operation. */

import { isInterfaceName } from "../net/interface_name.ts";
import { identifier } from "./config.ts";
import { CniError, errorCode } from "./error.ts";

/** Every variable of the protocol; no other one is read. */
export const variableNames = [
  "CNI_COMMAND",
  "CNI_CONTAINERID",
  "CNI_NETNS",
  "CNI_IFNAME",
  "CNI_ARGS",
  "CNI_PATH",
] as const;

type VariableName = typeof variableNames[number];

/** A process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The operations of the protocol. */
export const commands = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"] as const;

/** What the caller wants done. */
export type Command = typeof commands[number];

/** The variables, read; an unset variable is empty here. */
export interface Parameters {
  readonly command: Command;
  readonly containerId: string;
  /** Path of the network namespace. */
  readonly netns: string;
  readonly ifName: string;
  readonly args: ReadonlyMap<string, string>;
  /** Folders to look for plugins in, first one first. */
  readonly path: readonly string[];
}

const required: Readonly<Record<Command, readonly VariableName[]>> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  STATUS: [],
  GC: ["CNI_PATH"],
  VERSION: [],
};

const checks: readonly { name: VariableName; allowed: string; accepts(value: string): boolean }[] = [
  {
    name: "CNI_CONTAINERID",
    allowed: 'a letter or digit, then letters, digits, "_", "." or "-"',
    accepts: (value) => identifier.test(value),
  },
  // A path with white space would fall apart in a batch of ip(8) commands.
  { name: "CNI_NETNS", allowed: "an absolute path without white space", accepts: (value) => /^\/\S*$/.test(value) },
  { name: "CNI_IFNAME", allowed: "an interface name of at most 15 characters", accepts: isInterfaceName },
  {
    name: "CNI_ARGS",
    allowed: "KEY=VALUE pairs separated by semicolons",
    accepts: (value) => value.split(";").every((pair) => pair === "" || /^[^=]+=/.test(pair)),
  },
];

/**
 * Reads the variables. A set but empty variable counts as unset, as in the reference implementation.
 *
 * @throws {CniError} `invalidEnvironment`, naming every variable that is missing or wrong
 */
export function parseEnvironment(env: Environment): Parameters {
  const command = commands.find((known) => known === env.CNI_COMMAND);
  if (command === undefined) throw invalid([problem(env, "CNI_COMMAND", `one of ${commands.join(", ")}`)]);
  // A runtime that only asks for versions may put anything into the other variables, and libcni does.
  if (command !== "VERSION") {
    const missing = required[command].filter((name) => !env[name]);
    const wrong = checks.filter(({ name, accepts }) => env[name] && !accepts(env[name]));
    const problems = [
      ...missing.map((name) => problem(env, name, `set for ${command}`)),
      ...wrong.map(({ name, allowed }) => problem(env, name, allowed)),
    ];
    if (problems.length > 0) throw invalid(problems);
  }
  return {
    command,
    containerId: env.CNI_CONTAINERID ?? "",
    netns: env.CNI_NETNS ?? "",
    ifName: env.CNI_IFNAME ?? "",
    args: parseArgs(env.CNI_ARGS ?? ""),
    path: (env.CNI_PATH ?? "").split(":").filter((folder) => folder !== ""),
  };
}

/** The variables to run another plugin with: the reverse of `parseEnvironment`. */
export function encodeEnvironment(parameters: Parameters): Record<VariableName, string> {
  return {
    CNI_COMMAND: parameters.command,
    CNI_CONTAINERID: parameters.containerId,
    CNI_NETNS: parameters.netns,
    CNI_IFNAME: parameters.ifName,
    CNI_ARGS: [...parameters.args].map(([key, value]) => `${key}=${value}`).join(";"),
    CNI_PATH: parameters.path.join(":"),
  };
}

function parseArgs(text: string): Map<string, string> {
  const pairs = text.split(";").filter((pair) => pair.includes("="));
  return new Map(pairs.map((pair) => {
    const end = pair.indexOf("=");
    return [pair.slice(0, end), pair.slice(end + 1)];
  }));
}

function problem(env: Environment, name: VariableName, allowed: string): string {
  return `${name} is ${env[name] ? JSON.stringify(env[name]) : "not set"}, must be ${allowed}`;
}

function invalid(problems: readonly string[]): CniError {
  return new CniError(errorCode.invalidEnvironment, "Invalid environment variables", problems.join("; "));
}
