/** A link that keeps all others off its parent, or shows that one is there already. Source: ip-link(8), the kernel's macvlan. */

import type { IpCommand } from "./ip_command.ts";

/**
 * Makes a macvlan link in passthru mode on `parent`. The kernel refuses it exactly when an ipvlan or macvlan link, of
 * whatever namespace, is on `parent`, or `parent` is a port of a bridge; and while it is there, it refuses those. So in one
 * step it tells whether `parent` is used and sees that it stays unused. It goes when `parent` does.
 */
export function addGuard(guard: { parent: string; name: string; group: number }): IpCommand {
  const { parent, name, group } = guard;
  const mode = ["type", "macvlan", "mode", "passthru"];
  return ["link", "add", "link", parent, "name", name, "group", `${group}`, ...mode];
}
