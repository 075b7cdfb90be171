/** Policy rules `from <address> lookup <table>`. Source: ip-rule(8). */

import { type Address, addressBits, formatAddress, parseAddress } from "../net/address.ts";
import type { IpCommand } from "./ip_command.ts";
import { type IpObject, numberIn, textIn } from "./ip_json.ts";

/**
 * Priority of the rules DANM makes: before `main` (32766). Without a priority the kernel picks a new one for each rule
 * and so makes the same rule again and again; with one it refuses the second.
 */
export const RULE_PRIORITY = 30_000;

/** What ip writes of such a rule; any other field is a further condition. */
const FIELDS = ["priority", "src", "table", "protocol"];

/** Packets from `from`, and no other address, are routed by `table`. */
export interface Rule {
  readonly from: Address;
  /** Number of the routing table, 1 to 2^32 - 1. */
  readonly table: number;
}

/** Adds the rule. */
export function addRule(rule: Rule): IpCommand {
  return ruleCommand("add", rule);
}

/** The inverse of {@linkcode addRule}. */
export function deleteRule(rule: Rule): IpCommand {
  return ruleCommand("del", rule);
}

/** Whether `a` and `b` are the same rule. */
export function sameRule(a: Rule, b: Rule): boolean {
  return a.table === b.table && a.from.family === b.from.family && a.from.value === b.from.value;
}

/**
 * Reads one object of `ip -N -json rule show`.
 *
 * @returns undefined for a rule of another form, or from an address that no network of ours can have
 */
export function parseRule(object: IpObject): Rule | undefined {
  const plain = Object.keys(object).every((field) => FIELDS.includes(field));
  if (!plain || object["src"] === "all" || object["table"] === undefined) return undefined;
  const from = parseAddress(textIn(object, "src"));
  return from && { from, table: numberIn(object, "table") };
}

function ruleCommand(verb: "add" | "del", { from, table }: Rule): IpCommand {
  const source = `${formatAddress(from)}/${addressBits(from.family)}`;
  const family = from.family === 6 ? ["-6"] : [];
  return [...family, "rule", verb, "from", source, "lookup", `${table}`, "priority", `${RULE_PRIORITY}`];
}
