import { backoffMs } from "../../time/backoff.ts";
import { pause } from "../../time/pause.ts";
import { watchLinks } from "../../link/watch_links.ts";

const BACKOFF = { firstMs: 500, maxMs: 60_000 };

/**
 * Calls `changed` whenever links of the node may have changed, until `signal` fires: when the kernel says so, and after
 * any time in which nobody listened to it.
 *
 * @param failed told why nobody listens, and for how long
 */
export async function followLinks(
  changed: () => void,
  failed: (error: unknown, retryInMs: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  const heard = () => {
    failures = 0;
    changed();
  };
  while (!signal.aborted) {
    try {
      await watchLinks(heard, signal);
    } catch (error) {
      if (signal.aborted) return;
      const retryInMs = backoffMs(++failures, BACKOFF, Math.random());
      failed(error, retryInMs);
      await pause(retryInMs, signal);
      changed();
    }
  }
}
