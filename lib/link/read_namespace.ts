/** Reads all that DANM sets up in a namespace, in one go. */

import type { Family } from "../net/address.ts";
import { enterNamespace } from "./ip_batch.ts";
import { type InterfaceAddress, parseInterfaceAddresses } from "./interface_address.ts";
import { type IpObject, parseIpLists } from "./ip_json.ts";
import { type Link, parseLink } from "./link.ts";
import { NamespaceMissingError, saysNamespaceMissing } from "./namespace_missing_error.ts";
import { parseRoute, type Route } from "./route.ts";
import { parseRule, type Rule } from "./rule.ts";
import { runProgram } from "./_run_program.ts";

/** What a network namespace holds, of both families. */
export interface NamespaceState {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** Unicast routes of all tables, those the kernel made for addresses included. */
  readonly routes: readonly Route[];
  /** Rules of the form `from <one address> lookup <table>`. */
  readonly rules: readonly Rule[];
}

/** Rules and routes are listed for one family at a time, hence two runs of ip; listing rules of none is an error. */
const SCRIPT = `
printf 'link show\\naddr show\\nroute show table all\\nrule show\\n' | ip -4 -N -json -details -batch - || exit
[ -e /proc/sys/net/ipv6 ] || exit 0
printf 'addr show\\nroute show table all\\nrule show\\n' | ip -6 -N -json -details -batch -
`;

/**
 * The state of the namespace at `netnsPath`.
 *
 * @throws {NamespaceMissingError} when there is no such namespace
 */
export async function readNamespace(netnsPath: string, signal?: AbortSignal): Promise<NamespaceState> {
  const words = [...enterNamespace(netnsPath), "sh", "-c", SCRIPT];
  const { success, stdout, stderr } = await runProgram(words, "", signal);
  if (!success) {
    if (saysNamespaceMissing(stderr)) throw new NamespaceMissingError(netnsPath);
    throw new Error(`Cannot read network namespace ${netnsPath}: ${stderr.trim()}`);
  }
  const [links = [], addresses4 = [], routes4 = [], rules4 = [], addresses6 = [], routes6 = [], rules6 = []] =
    parseIpLists(stdout);
  return {
    links: links.map(parseLink),
    addresses: [...addresses4, ...addresses6].flatMap(parseInterfaceAddresses),
    routes: [...parseRoutes(4, routes4), ...parseRoutes(6, routes6)],
    rules: [...rules4, ...rules6].flatMap((object) => parseRule(object) ?? []),
  };
}

function parseRoutes(family: Family, objects: readonly IpObject[]): Route[] {
  return objects.flatMap((object) => parseRoute(family, object) ?? []);
}
