/** Hears of changes of links as they happen. Source: ip-monitor(8). */

import { startProgram } from "../process/start_program.ts";
import { VARIABLES } from "./_run_program.ts";

/**
 * Calls `changed` when a link of the caller's namespace was made, changed or removed: once or more often for each
 * change, without saying what it was. Nothing is told of what happened before ip(8) listens, shortly after the call.
 *
 * Resolves when `signal` fires.
 *
 * @throws {Error} when ip ends by itself, e.g. because the kernel told more than it could read
 */
export async function watchLinks(changed: () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const command = { program: "ip", args: ["monitor", "link"], variables: VARIABLES, isAlone: true };
  const { child, kill } = startProgram(command, "null");
  const stop = () => void kill();
  signal.addEventListener("abort", stop);
  const complaint = new Response(child.stderr).text();
  for await (const _ of child.stdout) changed();
  const [{ code }, text] = await Promise.all([child.status, complaint]);
  signal.removeEventListener("abort", stop);
  if (!signal.aborted) throw new Error(`Cannot watch links: ip monitor ended with code ${code}: ${text.trim()}`);
}
