/** Hears of changes of links as they happen. Source: ip-monitor(8). */

import { startProgram } from "../process/start_program.ts";
import { VARIABLES } from "./_run_program.ts";

/**
 * Runs the program of its arguments until that ends, or whoever holds the other end of its standard input does, however
 * that happens: ip monitor would notice only when it has something to say next.
 */
const GUARD = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
( read -r _ <&3; kill -KILL "$child" ) 2>/dev/null &
wait "$child"
code=$?
kill "$!" 2>/dev/null
exit "$code"
`;

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
  const command = { program: "sh", args: ["-c", GUARD, "sh", "ip", "monitor", "link"], variables: VARIABLES };
  const { child, kill } = startProgram(command, "piped");
  const stop = () => void kill();
  signal.addEventListener("abort", stop);
  const complaint = new Response(child.stderr).text();
  for await (const _ of child.stdout) changed();
  const [{ code }, text] = await Promise.all([child.status, complaint]);
  signal.removeEventListener("abort", stop);
  if (!signal.aborted) throw new Error(`Cannot watch links: ip monitor ended with code ${code}: ${text.trim()}`);
}
