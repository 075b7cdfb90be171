import type { Result } from "../../cni/result.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";
import type { NetworkSelection } from "./network_selection.ts";

/**
 * What a Pod has asked for of the interface `name` and its plugins have not given, in sentences for the log: those that know
 * nothing of addresses or of a MAC that is asked for say nothing either.
 */
export function unmetWishes({ ips = [], mac }: NetworkSelection, name: string, result: Result): string[] {
  const given = new Set(result.ips.map(({ address }) => plain(address)));
  const told = result.interfaces.find((link) => link.name === name && link.sandbox !== undefined)?.mac;
  const missing = ips.filter((ip) => !given.has(plain(ip))).map((ip) => `key ips has ${ip}`);
  const other = mac !== undefined && told !== undefined && digits(mac) !== digits(told) ? [`key mac is ${mac}`] : [];
  return [...missing, ...other].map((wish) => `${wish}, which the plugins of the definition did not give`);
}

function plain(text: string): string {
  const address = parseAddress(text.split("/")[0]!);
  return address ? formatAddress(address) : text;
}

/** Hardware addresses are written with colons, hyphens or dots. */
function digits(mac: string): string {
  return mac.replace(/[^0-9a-f]/gi, "").toLowerCase();
}
