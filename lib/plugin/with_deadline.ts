/** Bounding work in time. */

/**
 * Does `work` with a signal that fires when `seconds` have passed, when `parent` fires, and when the work is done, so that
 * nothing goes on that it did not wait for. The reason of the deadline is a `TimeoutError`: whoever waits for the network
 * tells from that what it was waiting for.
 */
export async function withDeadline<T>(
  seconds: number,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  // Not setTimeout, which takes longer to load than an address to reserve.
  const timeout = AbortSignal.timeout(seconds * 1000);
  const end = () => controller.abort(new DOMException(`the deadline of ${seconds} s has passed`, "TimeoutError"));
  const stop = () => controller.abort(parent?.reason);
  timeout.addEventListener("abort", end);
  parent?.addEventListener("abort", stop);
  if (parent?.aborted) stop();
  try {
    return await work(controller.signal);
  } finally {
    timeout.removeEventListener("abort", end);
    parent?.removeEventListener("abort", stop);
    controller.abort();
  }
}
