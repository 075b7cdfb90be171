/** Reads the links of a namespace. Source: ip-link(8). */

import { enterNamespace } from "./ip_batch.ts";
import { toBatches } from "./ip_command.ts";
import { toIpError } from "./ip_error.ts";
import { parseIpLists } from "./ip_json.ts";
import { type Link, parseLink } from "./link.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { runProgram } from "./_run_program.ts";

/** Which links to read; without a filter, all of them. */
export type LinkFilter = { readonly name: string } | { readonly kind: string };

/**
 * The links of the namespace at `netnsPath` (the caller's own when absent), in the order of their indices. A name
 * that does not exist gives an empty list.
 *
 * @throws {NamespaceMissingError} when there is no such namespace
 */
export async function readLinks(netnsPath?: string, filter?: LinkFilter, signal?: AbortSignal): Promise<Link[]> {
  const batch = toBatches([["link", "show", ...filterWords(filter)]])[0]!;
  const words = [...enterNamespace(netnsPath), "ip", "-N", "-json", "-details", ...batch.commands[0]!];
  const { success, stdout, stderr } = await runProgram(words, "", signal);
  if (!success) {
    if (netnsPath !== undefined && saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
    const error = toIpError(batch, stderr);
    if (error.reason === "missing" && filter && "name" in filter) return [];
    throw error;
  }
  return (parseIpLists(stdout)[0] ?? []).map(parseLink);
}

function filterWords(filter: LinkFilter | undefined): string[] {
  if (!filter) return [];
  return "name" in filter ? ["dev", filter.name] : ["type", filter.kind];
}
