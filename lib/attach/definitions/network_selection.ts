/**
 * Which NetworkAttachmentDefinitions a Pod selects, and with what. Source: Network Plumbing Working Group, "Kubernetes
 * Network Custom Resource Definition De-facto Standard" 1.3 §4.1.
 */

import { isObjectName } from "../../api/object_name.ts";
import { quote } from "../../cni/quote.ts";
import type { Address } from "../../net/address.ts";
import { isInterfaceName } from "../../net/interface_name.ts";
import { AnnotationError, checkCount, checkLength, EntryError, parseEntries, readEntries } from "../annotation.ts";
import {
  type Bandwidth,
  type PortMapping,
  readAddresses,
  readBandwidth,
  readGateways,
  readHardwareAddress,
  readObject,
  readPortMappings,
} from "./selection_values.ts";

/** One definition that a Pod selects, and what it asks of that interface; what it does not ask for is absent. */
export interface NetworkSelection {
  readonly name: string;
  /** Absent where the Pod leaves it to the rules: its own. */
  readonly namespace?: string;
  /** Name of the interface in the Pod. */
  readonly interface?: string;
  /** Addresses, with or without prefix length. */
  readonly ips?: readonly string[];
  readonly mac?: string;
  readonly infinibandGuid?: string;
  readonly portMappings?: readonly PortMapping[];
  readonly bandwidth?: Bandwidth;
  /** For the plugins' `args.cni`. */
  readonly cniArgs?: Readonly<Record<string, unknown>>;
  /**
   * That the Pod's default route is this interface's: by these gateways, at most one of each family, or by those that its
   * plugins give where there are none.
   */
  readonly defaultRoute?: readonly Address[];
  /** What of the entry is left out, in sentences for the log. */
  readonly warnings: readonly string[];
}

type Fields = Omit<NetworkSelection, "name" | "warnings">;

/** The keys of an entry but `name`: how each is read. The reference implementation's decoder ignores their case. */
const KEYS: ReadonlyMap<string, (value: unknown, key: string) => Fields> = new Map<
  string,
  (value: unknown, key: string) => Fields
>([
  ["namespace", (value, key) => ({ namespace: readName(value, key, "namespace") })],
  ["interface", (value, key) => ({ interface: readInterface(value, key) })],
  ["ips", (value, key) => ({ ips: readAddresses(value, key) })],
  ["mac", (value, key) => ({ mac: readHardwareAddress(value, key) })],
  ["infiniband-guid", (value, key) => ({ infinibandGuid: readHardwareAddress(value, key) })],
  ["portmappings", (value, key) => ({ portMappings: readPortMappings(value, key) })],
  ["bandwidth", (value, key) => ({ bandwidth: readBandwidth(value, key) })],
  ["cni-args", (value, key) => ({ cniArgs: readObject(value, key) })],
  ["default-route", (value, key) => ({ defaultRoute: readGateways(value, key) })],
]);

/** What an entry of the short notation looks like. */
const SHORT = "must be [namespace/]name[@interface]";

/**
 * Reads a list of selections: JSON where it has one of `[`, `{` and `"`, as the reference implementation decides it, else
 * `[namespace/]name[@interface]` with commas between.
 *
 * @param annotation its full name, for messages
 * @returns none when the value is blank or `null`
 * @throws {AnnotationError} naming entry, key and value
 */
export function parseNetworkSelections(annotation: string, text: string): NetworkSelection[] {
  if (/[[{"]/.test(text) || text.trim() === "null") {
    return readEntries(annotation, parseEntries(annotation, text), readObjectEntry);
  }
  checkLength(annotation, text);
  if (text.trim() === "") return [];
  return readEntries(annotation, checkCount(annotation, text.split(",")), readShortEntry);
}

/**
 * Reads the one selection that takes the place of the default network.
 *
 * @returns undefined when the value is blank or `null`
 * @throws {AnnotationError}
 */
export function parseDefaultSelection(annotation: string, text: string): NetworkSelection | undefined {
  const selections = parseNetworkSelections(annotation, text);
  if (selections.length <= 1) return selections[0];
  throw new AnnotationError(annotation, `it has ${selections.length} entries, must have one`);
}

function readShortEntry(text: string): NetworkSelection {
  const [, namespace, name = "", own] = /^(?:([^/@]*)\/)?([^/@]*)(?:@(.*))?$/.exec(text.trim()) ?? [];
  const parts = [namespace, name, own].map((part) => part?.trim());
  if (parts[1] === undefined || parts[1] === "" || parts.includes("")) {
    throw new EntryError(`is ${quote(text.trim())}, ${SHORT}`);
  }
  return {
    name: readName(parts[1], "name", "NetworkAttachmentDefinition"),
    ...(parts[0] !== undefined && { namespace: readName(parts[0], "namespace", "namespace") }),
    ...(parts[2] !== undefined && { interface: readInterface(parts[2], "interface") }),
    warnings: [],
  };
}

function readObjectEntry(entry: unknown): NetworkSelection {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    throw new EntryError(`is ${quote(entry)}, must be an object`);
  }
  let name: string | undefined;
  let fields: Fields = {};
  const seen = new Set<string>();
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(entry)) {
    if (value === null || value === "") continue;
    const known = key.toLowerCase();
    if (seen.has(known)) throw new EntryError(`key ${quote(key)} is given twice`);
    seen.add(known);
    const read = KEYS.get(known);
    if (known === "name") name = readName(value, key, "NetworkAttachmentDefinition");
    else if (read) fields = { ...fields, ...read(value, key) };
    else warnings.push(`key ${quote(key)} is left out: it is none that danm serves`);
  }
  if (name === undefined) {
    throw new EntryError('key "name" is missing, must be the name of a NetworkAttachmentDefinition');
  }
  return { name, ...fields, warnings };
}

function readName(value: unknown, key: string, kind: string): string {
  if (typeof value === "string" && isObjectName(value)) return value;
  throw new EntryError(`key ${quote(key)} is ${quote(value)}, must be the name of a ${kind}`);
}

function readInterface(value: unknown, key: string): string {
  if (typeof value === "string" && isInterfaceName(value)) return value;
  throw new EntryError(`key ${quote(key)} is ${quote(value)}, must be an interface name of at most 15 characters`);
}
