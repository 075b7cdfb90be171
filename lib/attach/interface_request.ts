/** The Pod annotation: which interfaces a Pod asks for. */

import { isObjectName } from "../api/object_name.ts";
import { type Address, type Family, parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import type { NetworkKind } from "../api/network.ts";
import { quote } from "../cni/quote.ts";
import { EntryError, parseEntries, readEntries } from "./annotation.ts";
import { parseRoutes, type Route, RouteError } from "./route.ts";

/** What a Pod wants of one address family. */
export type AddressRequest =
  | { readonly kind: "dynamic" }
  | { readonly kind: "none" }
  | { readonly kind: "static"; readonly address: Address; readonly prefix?: number };

/** One interface, as requested. An absent `ip` or `ip6` says nothing, which differs from `none` for static delegates. */
export interface InterfaceRequest {
  readonly network: { readonly kind: NetworkKind; readonly name: string };
  readonly ip?: AddressRequest;
  readonly ip6?: AddressRequest;
  readonly proutes: readonly Route[];
  readonly proutes6: readonly Route[];
}

const NETWORK_KEYS: ReadonlyMap<string, NetworkKind> = new Map([
  ["network", "DanmNet"],
  ["tenantnetwork", "TenantNetwork"],
  ["clusternetwork", "ClusterNetwork"],
]);
const KEYS = "network, tenantNetwork, clusterNetwork, ip, ip6, proutes, proutes6";

/**
 * Reads the value of an interfaces annotation. Keys compare without regard to case; one whose value is `null` or empty
 * is as if it were absent, as templates render what nobody set.
 *
 * @param annotation its full name, for messages
 * @returns none when the value is blank or `null`, which is as if there were no annotation
 * @throws {AnnotationError}
 */
export function parseInterfaceRequests(annotation: string, text: string): InterfaceRequest[] {
  return readEntries(annotation, parseEntries(annotation, text), parseInterfaceRequest);
}

/**
 * Reads one interface.
 *
 * @throws {EntryError}
 */
export function parseInterfaceRequest(entry: unknown): InterfaceRequest {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    throw new EntryError(`is ${quote(entry)}, must be an object`);
  }
  const values = lowerCaseKeys(entry);
  const ip = values.has("ip") ? { ip: parseAddressRequest("ip", 4, values.get("ip")) } : {};
  const ip6 = values.has("ip6") ? { ip6: parseAddressRequest("ip6", 6, values.get("ip6")) } : {};
  return {
    network: parseNetwork(values),
    ...ip,
    ...ip6,
    proutes: parsePolicyRoutes("proutes", 4, values.get("proutes")),
    proutes6: parsePolicyRoutes("proutes6", 6, values.get("proutes6")),
  };
}

function lowerCaseKeys(entry: object): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(entry)) {
    if (value === null || value === "") continue;
    const known = key.toLowerCase();
    if (!KEYS.toLowerCase().split(", ").includes(known)) {
      throw new EntryError(`key ${quote(key)} is unknown, must be one of ${KEYS}`);
    }
    if (values.has(known)) throw new EntryError(`key ${quote(key)} is given twice`);
    values.set(known, value);
  }
  return values;
}

function parseNetwork(values: ReadonlyMap<string, unknown>): InterfaceRequest["network"] {
  const given = [...NETWORK_KEYS].filter(([key]) => values.has(key));
  const [key, kind] = given[0] ?? [];
  if (given.length !== 1 || !key || !kind) {
    const found = given.length === 0 ? "none" : given.map(([name]) => name).join(" and ");
    throw new EntryError(`names ${found}, must name exactly one of network, tenantNetwork, clusterNetwork`);
  }
  const name = values.get(key);
  if (typeof name !== "string" || !isObjectName(name)) {
    throw new EntryError(`key "${key}" is ${quote(name)}, must be the name of a ${kind}`);
  }
  return { kind, name };
}

function parseAddressRequest(key: string, family: Family, value: unknown): AddressRequest {
  if (value === "dynamic" || value === "none") return { kind: value };
  const text = typeof value === "string" ? value : "";
  const address = parseAddress(text.split("/")[0]!);
  const subnet = parseSubnet(text);
  if (address?.family !== family || (text.includes("/") && !subnet)) {
    throw new EntryError(
      `key "${key}" is ${quote(value)}, must be "dynamic", "none" or an IPv${family} address`,
    );
  }
  return { kind: "static", address, ...(subnet && { prefix: subnet.prefix }) };
}

function parsePolicyRoutes(key: string, family: Family, value: unknown): Route[] {
  if (value === undefined) return [];
  if (!isStringMap(value)) {
    throw new EntryError(`key "${key}" is ${quote(value)}, must be a map of destination to gateway`);
  }
  try {
    return parseRoutes(value, family);
  } catch (error) {
    if (error instanceof RouteError) throw new EntryError(`key "${key}": ${error.message}`);
    throw error;
  }
}

function isStringMap(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.values(value).every((item) => typeof item === "string");
}
