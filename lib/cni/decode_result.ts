/** Reading what another plugin returned. */

import { parseAddress } from "../net/address.ts";
import { parseSubnet } from "../net/subnet.ts";
import type { NetworkConfig } from "./config.ts";
import { CniError, errorCode } from "./error.ts";
import { quote } from "./quote.ts";
import type { Dns, Interface, IpConfig, Result, Route } from "./result.ts";
import { cniVersions } from "./version.ts";

/** Every version whose results can be read; the two oldest have one address of each family and no interfaces. */
const readable: readonly unknown[] = ["0.1.0", "0.2.0", "0.3.0", ...cniVersions];

/** What a field may hold. */
interface Kind<T> {
  readonly allowed: string;
  accepts(value: unknown): value is T;
}

/** One kind per field of `T`. */
type Kinds<T> = { readonly [Field in keyof T]-?: Kind<Exclude<T[Field], undefined>> };

const isText = (value: unknown): value is string => typeof value === "string";
const anyText: Kind<string> = { allowed: "a text", accepts: isText };
const texts: Kind<readonly string[]> = {
  allowed: "a list of texts",
  accepts: (value) => Array.isArray(value) && value.every(isText),
};
const count: Kind<number> = {
  allowed: "a whole number from 0 to 4294967295",
  accepts: (value): value is number => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0xffffffff,
};
const word: Kind<string> = {
  allowed: "a name without white space",
  accepts: (value): value is string => isText(value) && /^\S+$/.test(value),
};
const mac: Kind<string> = {
  allowed: "octets in hexadecimal, separated by colons",
  accepts: (value): value is string => isText(value) && /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(value),
};
const address: Kind<string> = {
  allowed: "an IP address",
  accepts: (value): value is string => isText(value) && parseAddress(value) !== undefined,
};
const cidr: Kind<string> = {
  allowed: "an IP address with its prefix length",
  accepts: (value): value is string => isText(value) && parseSubnet(value) !== undefined,
};

const interfaceKinds: Kinds<Interface> = {
  name: word,
  mac,
  mtu: count,
  sandbox: anyText,
  socketPath: anyText,
  pciID: anyText,
};
const ipKinds: Kinds<IpConfig> = { address: cidr, gateway: address, interface: count };
const routeKinds: Kinds<Route> = {
  dst: cidr,
  gw: address,
  mtu: count,
  advmss: count,
  priority: count,
  table: count,
  scope: count,
};
const dnsKinds: Kinds<Dns> = { nameservers: texts, domain: anyText, search: texts, options: texts };

/**
 * Reads a result of any protocol version. Fields of a newer version than the result states are taken as well, because
 * the reference plugins send them; what no version knows is dropped; null and empty texts count as absent.
 *
 * @param value parsed JSON
 * @param source names the value in error messages, e.g. "result of plugin macvlan"
 * @throws {CniError} `decodingFailure`, naming field, value and what is allowed
 */
export function decodeResult(value: unknown, source: string): Result {
  if (!isObject(value)) throw mistake(`${source}: it`, value, "a JSON object");
  const { cniVersion } = value;
  if (cniVersion && !readable.includes(cniVersion)) {
    throw mistake(`${source}: cniVersion`, cniVersion, `one of ${readable.join(", ")}`);
  }
  const oldest = [...oldestIp(`${source}: ip4`, value.ip4), ...oldestIp(`${source}: ip6`, value.ip6)];
  const interfaces = list(`${source}: interfaces`, value.interfaces, (at, entry) => {
    return record<Interface>(at, entry, interfaceKinds, ["name"]);
  });
  const ips = list(`${source}: ips`, value.ips, (at, entry) => {
    const ip = record<IpConfig>(at, entry, ipKinds, ["address"]);
    if (ip.interface === undefined || ip.interface < interfaces.length) return ip;
    throw mistake(`${at}.interface`, ip.interface, `an index into the ${interfaces.length} interfaces`);
  });
  const routes = list(`${source}: routes`, value.routes, readRoute);
  return {
    interfaces,
    ips: [...oldest.map(({ ip }) => ip), ...ips],
    routes: [...oldest.flatMap(({ routes }) => routes), ...routes],
    dns: record<Dns>(`${source}: dns`, value.dns ?? {}, dnsKinds, []),
  };
}

/**
 * The result of the plugins before this one in the chain, if there is one.
 *
 * @throws {CniError} `decodingFailure`
 */
export function previousResult({ prevResult }: NetworkConfig): Result | undefined {
  if (prevResult === undefined || prevResult === null) return undefined;
  return decodeResult(prevResult, "prevResult of the network configuration");
}

/** The address of one family as 0.1.0 and 0.2.0 had it, with the routes of that family inside. */
function oldestIp(at: string, value: unknown): { ip: IpConfig; routes: Route[] }[] {
  if (value === undefined || value === null) return [];
  const { ip, gateway } = record<{ ip: string; gateway?: string }>(at, value, { ip: cidr, gateway: address }, ["ip"]);
  const routes = list(`${at}.routes`, (value as { routes?: unknown }).routes, readRoute);
  return [{ ip: { address: ip, ...(gateway !== undefined && { gateway }) }, routes }];
}

function readRoute(at: string, value: unknown): Route {
  return record<Route>(at, value, routeKinds, ["dst"]);
}

function list<T>(at: string, value: unknown, read: (at: string, entry: unknown) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw mistake(at, value, "a list");
  return value.map((entry, index) => read(`${at}[${index}]`, entry));
}

function record<T>(at: string, value: unknown, kinds: Kinds<T>, required: readonly (keyof T & string)[]): T {
  if (!isObject(value)) throw mistake(at, value, "a JSON object");
  const fields: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries<Kind<unknown>>(kinds)) {
    const field = value[name];
    if (field === undefined || field === null || field === "") continue;
    if (!kind.accepts(field)) throw mistake(`${at}.${name}`, field, kind.allowed);
    fields[name] = field;
  }
  for (const name of required) {
    if (!(name in fields)) throw mistake(`${at}.${name}`, value[name], kinds[name].allowed);
  }
  return fields as T;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mistake(at: string, value: unknown, allowed: string): CniError {
  return new CniError(errorCode.decodingFailure, `Cannot read ${at} is ${quote(value)}, must be ${allowed}`);
}
