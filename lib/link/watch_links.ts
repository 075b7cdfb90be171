/** Hears of changes of links as they happen. Source: ip-monitor(8). */

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
  const child = new Deno.Command("ip", {
    args: ["monitor", "link"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  }).spawn();
  const complaint = new Response(child.stderr).text();
  for await (const _ of child.stdout) changed();
  const [{ code }, text] = await Promise.all([child.status, complaint]);
  if (!signal.aborted) throw new Error(`Cannot watch links: ip monitor ended with code ${code}: ${text.trim()}`);
}
