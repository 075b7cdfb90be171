/** Bounding work in time. */

/**
 * Does `work` with a signal that fires when `seconds` have passed, and when the work is done, so that nothing goes on
 * that it did not wait for.
 *
 * The reason is a `TimeoutError`: whoever waits for the network tells from that what it was waiting for.
 */
export async function withDeadline<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Not setTimeout, which takes longer to load than an address to reserve.
  const timeout = AbortSignal.timeout(seconds * 1000);
  const end = () => controller.abort(new DOMException(`the deadline of ${seconds} s has passed`, "TimeoutError"));
  timeout.addEventListener("abort", end);
  try {
    return await work(controller.signal);
  } finally {
    timeout.removeEventListener("abort", end);
    controller.abort();
  }
}
