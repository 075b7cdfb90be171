/** Alternative names of links. Source: ip-link(8) `property`. */

import type { IpCommand } from "./ip_command.ts";

/** Gives the link a further name by which all tools find it. The kernel (5.5 and later) refuses a name that is in use. */
export function addLinkName(name: string, other: string): IpCommand {
  return ["link", "property", "add", "dev", name, "altname", other];
}
