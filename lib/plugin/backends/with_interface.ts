import type { Result } from "../../cni/result.ts";

/**
 * Adds what a delegate may leave out and readers of DANM's result need: the interface, which the oldest versions of the
 * protocol do not have, and whose the addresses are.
 */
export function withInterface(result: Result, name: string, sandbox: string): Result {
  const interfaces = result.interfaces.length > 0 ? result.interfaces : [{ name, sandbox }];
  const place = interfaces.findIndex((link) => link.name === name && link.sandbox !== undefined);
  const own = place < 0 ? {} : { interface: place };
  return { ...result, interfaces, ips: result.ips.map((ip) => ({ ...own, ...ip })) };
}
