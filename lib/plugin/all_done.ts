/** Waiting for several things at once without leaving one behind that still goes on. */

import { joinFailures } from "./attempt.ts";
import { messageOf } from "./to_cni_error.ts";

type Started<Values extends readonly unknown[]> = {
  readonly [Place in keyof Values]: (signal: AbortSignal) => Promise<Values[Place]>;
};

/**
 * Like Promise.all, but settles only when all have: nothing may still be going on while it is being undone. Rejects with
 * all reasons in the order given, each told once.
 */
export async function allDone<Values extends readonly unknown[]>(
  promises: { readonly [Place in keyof Values]: Promise<Values[Place]> },
): Promise<Values> {
  return valuesOf<Values>(await Promise.allSettled(promises));
}

/**
 * Starts all of `works` at once. When one fails the others are told to stop; settles when all have ended, with what
 * failed first.
 */
export async function allDoneOrStopped<Values extends readonly unknown[]>(
  works: Started<Values>,
  signal: AbortSignal,
): Promise<Values> {
  const controller = new AbortController();
  const either = AbortSignal.any([signal, controller.signal]);
  const stopOthers = (reason: unknown) => {
    controller.abort(reason); // only the first call counts
    throw reason;
  };
  const outcomes = await Promise.allSettled(works.map((work) => work(either).catch(stopOthers)));
  if (controller.signal.aborted) throw controller.signal.reason;
  return valuesOf<Values>(outcomes);
}

function valuesOf<Values extends readonly unknown[]>(outcomes: readonly PromiseSettledResult<unknown>[]): Values {
  const reasons = outcomes.flatMap((outcome) => outcome.status === "rejected" ? [outcome.reason] : []);
  // What befalls several alike, such as the end of a deadline, is one failure.
  if (reasons.length > 0) {
    throw joinFailures([...new Map(reasons.map((reason) => [messageOf(reason), reason])).values()]);
  }
  return outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value] : []
  ) as readonly unknown[] as Values;
}
