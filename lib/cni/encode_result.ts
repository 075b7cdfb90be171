/** Writing a result for a caller that may be older than DANM. */

import type { Interface, IpConfig, Result, Route } from "./result.ts";
import { type CniVersion, isAtLeast } from "./version.ts";

/**
 * The JSON object of `result` in version `cniVersion`. Fields that the version does not know are left out, and so are
 * empty lists. Sources: CNI spec 0.3.1, 0.4.0, 1.0.0 and 1.1.0, "Result".
 */
export function encodeResult(result: Result, cniVersion: CniVersion): Record<string, unknown> {
  const { interfaces, ips, routes, dns } = result;
  const rich = isAtLeast(cniVersion, "1.1.0");
  const labelled = !isAtLeast(cniVersion, "1.0.0");
  return {
    cniVersion,
    ...(interfaces.length > 0 && { interfaces: rich ? interfaces : interfaces.map(plainInterface) }),
    ...(ips.length > 0 && { ips: labelled ? ips.map(labelledIp) : ips }),
    ...(routes.length > 0 && { routes: rich ? routes : routes.map(plainRoute) }),
    ...(Object.keys(dns).length > 0 && { dns }),
  };
}

function plainInterface({ name, mac, sandbox }: Interface): Interface {
  return { name, ...(mac !== undefined && { mac }), ...(sandbox !== undefined && { sandbox }) };
}

function labelledIp(ip: IpConfig): IpConfig & { version: "4" | "6" } {
  return { version: ip.address.includes(":") ? "6" : "4", ...ip };
}

function plainRoute({ dst, gw }: Route): Route {
  return { dst, ...(gw !== undefined && { gw }) };
}
