/** The CNI_* variables. Source: CNI spec 1.1.0 §2 "Parameters" and the list of each operation. */

import { isInterfaceName } from "../net/interface_name.ts";
import { identifier } from "./config.ts";
import { CniError, errorCode } from "./error.ts";
import { quote } from "./quote.ts";
import type { variableNames } from "./variable_names.ts";

type VariableName = typeof variableNames[number];

/** A process environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The operations of the protocol. */
export const commands = ["ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION"] as const;

/** What the caller wants done. */
export type Command = typeof commands[number];

/** The variables, read; one that is not set is empty here. */
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

/** What a variable must hold where it is used. */
interface Rule {
  readonly name: VariableName;
  readonly allowed: string;
  accepts(value: string): boolean;
}

const containerId: Rule = {
  name: "CNI_CONTAINERID",
  allowed: identifier.allowed,
  accepts: (value) => identifier.pattern.test(value),
};
const netns: Rule = {
  name: "CNI_NETNS",
  // No more than a path needs, because it goes into batches of ip(8) commands.
  allowed: 'an absolute path of letters, digits and "/_.:@+-"',
  accepts: (value) => /^\/[A-Za-z0-9/_.:@+-]+$/.test(value),
};
const ifName: Rule = {
  name: "CNI_IFNAME",
  allowed: "an interface name of at most 15 characters",
  accepts: isInterfaceName,
};
const args: Rule = {
  name: "CNI_ARGS",
  allowed: "KEY=VALUE pairs separated by semicolons",
  accepts: (value) => value.split(";").every((pair) => pair === "" || /^[^=]+=/.test(pair)),
};
const path: Rule = { name: "CNI_PATH", allowed: "folders separated by colons", accepts: () => true };

/** What each command needs, and what it reads if it is set; everything else may hold anything. */
const rules: Readonly<Record<Command, { required: readonly Rule[]; optional: readonly Rule[] }>> = {
  ADD: { required: [containerId, netns, ifName], optional: [args] },
  DEL: { required: [containerId, ifName], optional: [netns, args] },
  CHECK: { required: [containerId, netns, ifName], optional: [args] },
  STATUS: { required: [], optional: [] },
  GC: { required: [path], optional: [] },
  VERSION: { required: [], optional: [] },
};

/**
 * Reads the variables. A set but empty variable counts as unset, as in the reference implementation.
 *
 * @throws {CniError} `invalidEnvironment`, naming every variable that is missing or wrong
 */
export function parseEnvironment(env: Environment): Parameters {
  const command = commands.find((known) => known === env.CNI_COMMAND);
  if (command === undefined) throw invalid([problem(env, "CNI_COMMAND", `one of ${commands.join(", ")}`)]);
  const { required, optional } = rules[command];
  const broken = [
    ...required.filter(({ name, accepts }) => !env[name] || !accepts(env[name])),
    ...optional.filter(({ name, accepts }) => env[name] && !accepts(env[name])),
  ];
  if (broken.length > 0) throw invalid(broken.map(({ name, allowed }) => problem(env, name, allowed)));
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
  const pairs = text.split(";").filter((pair) => pair !== "");
  return new Map(pairs.map((pair) => {
    const end = pair.indexOf("=");
    return [pair.slice(0, end), pair.slice(end + 1)];
  }));
}

function problem(env: Environment, name: VariableName, allowed: string): string {
  return `${name} is ${quote(env[name] || undefined)}, must be ${allowed}`;
}

function invalid(problems: readonly string[]): CniError {
  return new CniError(errorCode.invalidEnvironment, "Invalid environment variables", problems.join("; "));
}
