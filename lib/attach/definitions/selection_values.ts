/**
 * The values that a selected definition may be given. Source: Network Plumbing Working Group, de-facto standard 1.3
 * §4.1.2.1; they are handed to plugins in the same words (CNI "Extension conventions").
 */

import { quote } from "../../cni/quote.ts";
import { type Address, parseAddress } from "../../net/address.ts";
import { parseSubnet } from "../../net/subnet.ts";
import { EntryError } from "../annotation.ts";

/** A port of the node that leads to one of the Pod's. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol?: string;
  readonly hostIP?: string;
}

/** Rates in bits per second, bursts in bits. */
export interface Bandwidth {
  readonly ingressRate?: number;
  readonly ingressBurst?: number;
  readonly egressRate?: number;
  readonly egressBurst?: number;
}

/** Octets in hexadecimal as Go's net.ParseMAC reads them: 6, 8 or 20, of a form all through. */
const HARDWARE_ADDRESS =
  /^([0-9a-f]{2}([:-]))(?:[0-9a-f]{2}\2){4}(?:(?:[0-9a-f]{2}\2){2}|(?:[0-9a-f]{2}\2){14})?[0-9a-f]{2}$/i;
const DOTTED = /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4}|(?:\.[0-9a-f]{4}){7})?$/i;

/** @throws {EntryError} */
export function readAddresses(value: unknown, key: string): string[] {
  return readTexts(value, key).map((text, place) => {
    if (text.includes("/") ? parseSubnet(text) : parseAddress(text)) return text;
    throw refused(`${key}[${place}]`, text, "an IP address, with or without prefix length");
  });
}

/** @throws {EntryError} */
export function readHardwareAddress(value: unknown, key: string): string {
  if (typeof value === "string" && (HARDWARE_ADDRESS.test(value) || DOTTED.test(value))) return value;
  throw refused(key, value, "6, 8 or 20 octets in hexadecimal");
}

/** @throws {EntryError} also for two gateways of one family, which would be one route by two ways */
export function readGateways(value: unknown, key: string): Address[] {
  const gateways = readTexts(value, key).map((text, place) => {
    const address = parseAddress(text);
    if (address) return address;
    throw refused(`${key}[${place}]`, text, "an IP address");
  });
  if (new Set(gateways.map(({ family }) => family)).size === gateways.length) return gateways;
  throw refused(key, value, "at most one address of each family");
}

/** @throws {EntryError} */
export function readPortMappings(value: unknown, key: string): PortMapping[] {
  return readList(value, key).map((item, place) => {
    const at = `${key}[${place}]`;
    const fields = fieldsOf(item, at);
    const protocol = fields.get("protocol");
    const hostIP = fields.get("hostip");
    if (protocol !== undefined && !/^(tcp|udp|sctp)$/i.test(String(protocol))) {
      throw refused(`${at}.protocol`, protocol, "tcp, udp or sctp");
    }
    if (hostIP !== undefined && (typeof hostIP !== "string" || !parseAddress(hostIP))) {
      throw refused(`${at}.hostIP`, hostIP, "an IP address");
    }
    return {
      hostPort: readPort(fields.get("hostport"), `${at}.hostPort`),
      containerPort: readPort(fields.get("containerport"), `${at}.containerPort`),
      ...(protocol !== undefined && { protocol: String(protocol) }),
      ...(hostIP !== undefined && { hostIP }),
    };
  });
}

/** @throws {EntryError} */
export function readBandwidth(value: unknown, key: string): Bandwidth {
  const fields = fieldsOf(value, key);
  const names = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"] as const;
  return Object.fromEntries(names.flatMap((name) => {
    const rate = fields.get(name.toLowerCase());
    if (rate === undefined) return [];
    if (Number.isSafeInteger(rate) && Number(rate) >= 0) return [[name, rate]];
    throw refused(`${key}.${name}`, rate, "a whole number, of bits (a second)");
  }));
}

/** @throws {EntryError} */
export function readObject(value: unknown, key: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refused(key, value, "an object");
}

function readPort(value: unknown, at: string): number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535) return Number(value);
  throw refused(at, value, "a port, 1 to 65535");
}

function readTexts(value: unknown, key: string): string[] {
  return readList(value, key).map((item, place) => {
    if (typeof item === "string") return item;
    throw refused(`${key}[${place}]`, item, "a text");
  });
}

function readList(value: unknown, key: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refused(key, value, "a list");
}

/** The fields that say something, by name in lower case. */
function fieldsOf(value: unknown, at: string): ReadonlyMap<string, unknown> {
  const given = Object.entries(readObject(value, at)).filter(([, field]) => field !== null && field !== "");
  return new Map(given.map(([name, field]) => [name.toLowerCase(), field]));
}

function refused(key: string, value: unknown, must: string): EntryError {
  return new EntryError(`key ${quote(key)} is ${quote(value)}, must be ${must}`);
}
