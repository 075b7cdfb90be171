/** The IPAM plugin that hands a delegate the addresses DANM has already reserved. */

import { invalidConfig } from "./config.ts";
import type { Plugin } from "./dispatch.ts";
import type { Dns, IpConfig, Route } from "./result.ts";

/** The `ipam` section of a delegate's configuration: an IPAM result, given in advance. */
export interface FakeIpamSection {
  readonly type: "fakeipam";
  readonly ips: readonly Omit<IpConfig, "interface">[];
  readonly routes?: readonly Route[];
  readonly dns?: Dns;
}

/** ADD answers with the section; there is never anything to check or to take back. */
export const fakeIpam: Plugin = {
  add({ config: { ipam } }) {
    if (!isSection(ipam)) throw invalidConfig("ipam", ipam, "an object with the list ips and perhaps the list routes");
    const { ips, routes = [], dns = {} } = ipam;
    return { interfaces: [], ips, routes, dns };
  },
  check: () => {},
  del: () => {},
};

/**
 * Looks at the shape alone. DANM has checked the addresses before it wrote them, and the delegate does before it uses
 * them; a third time would take longer than all else this plugin does.
 */
function isSection(value: unknown): value is FakeIpamSection {
  if (typeof value !== "object" || value === null) return false;
  const { ips, routes = [] } = value as { ips?: unknown; routes?: unknown };
  return isListWith("address", ips) && isListWith("dst", routes);
}

function isListWith(key: string, value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry?.[key] === "string");
}
