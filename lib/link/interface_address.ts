/** Addresses of interfaces. Source: ip-address(8). */

import { type Address, formatAddress, parseAddress } from "../net/address.ts";
import type { IpCommand } from "./ip_command.ts";
import { type IpObject, numberIn, optionalTextIn, textIn } from "./ip_json.ts";

/** An address on a device, with the length of the prefix that is on the link. */
export interface InterfaceAddress {
  readonly device: string;
  readonly address: Address;
  readonly prefix: number;
}

/** Adds the address; an IPv6 one without duplicate address detection, so that it is usable at once (RFC 4862 §5.4). */
export function addAddress({ device, address, prefix }: InterfaceAddress): IpCommand {
  const words = ["addr", "add", `${formatAddress(address)}/${prefix}`, "dev", device];
  return address.family === 6 ? [...words, "nodad"] : words;
}

/** The inverse of {@linkcode addAddress}. */
export function deleteAddress({ device, address, prefix }: InterfaceAddress): IpCommand {
  return ["addr", "del", `${formatAddress(address)}/${prefix}`, "dev", device];
}

/** Whether `a` and `b` are the same address, prefix and device. */
export function sameInterfaceAddress(a: InterfaceAddress, b: InterfaceAddress): boolean {
  return a.device === b.device && a.prefix === b.prefix &&
    a.address.family === b.address.family && a.address.value === b.address.value;
}

/**
 * Reads one object of `ip -json addr show`. Whoever may configure the namespace may have given it addresses that no
 * network of ours can have, IPv4-mapped ones for example: they are left out.
 */
export function parseInterfaceAddresses(object: IpObject): InterfaceAddress[] {
  const list = object["addr_info"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: IpObject) => {
    const address = parseAddress(optionalTextIn(entry, "local") ?? "");
    return address ? [{ device: textIn(object, "ifname"), address, prefix: numberIn(entry, "prefixlen") }] : [];
  });
}
