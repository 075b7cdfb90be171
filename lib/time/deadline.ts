/** Passing on an abort signal, cut short by a deadline. */

/** A signal of its own that ends with its parent's. Dispose of it, or the parent remembers it for ever. */
export interface Deadline extends Disposable {
  /** Fires with the parent's reason, or with a `TimeoutError` when the time is up. */
  readonly signal: AbortSignal;
  /** Starts the time anew. */
  extend(): void;
}

/**
 * A signal that fires when `parent` does, or `ms` milliseconds after the start or the last `extend()`.
 *
 * @param message of the `TimeoutError`
 */
export function startDeadline(parent: AbortSignal, ms: number, message = `${ms} ms passed in silence`): Deadline {
  const controller = new AbortController();
  const cancel = () => controller.abort(parent.reason);
  const expire = () => controller.abort(new DOMException(message, "TimeoutError"));
  let timer = setTimeout(expire, ms);
  parent.addEventListener("abort", cancel);
  if (parent.aborted) cancel();
  return {
    signal: controller.signal,
    extend() {
      clearTimeout(timer);
      if (!controller.signal.aborted) timer = setTimeout(expire, ms);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      parent.removeEventListener("abort", cancel);
    },
  };
}
