/** A signal that comes some time after another. */

import { pause } from "./pause.ts";

/**
 * A signal that fires `ms` milliseconds after `parent`, with its reason. Dispose of it, or the parent remembers it for
 * ever.
 */
export function startGrace(parent: AbortSignal, ms: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const begin = async () => {
    await pause(ms);
    controller.abort(parent.reason);
  };
  parent.addEventListener("abort", begin);
  if (parent.aborted) begin();
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => parent.removeEventListener("abort", begin),
  };
}
