/** Waiting for several things at once without leaving one behind that still goes on. */

type Started<Values extends readonly unknown[]> = {
  readonly [Place in keyof Values]: (signal: AbortSignal) => Promise<Values[Place]>;
};

/**
 * Like Promise.all, but settles only when all have: nothing may still be going on while it is being undone. Rejects with
 * the first reason in the order given.
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

/** The values of all, or the first reason there is. */
function valuesOf<Values extends readonly unknown[]>(outcomes: readonly PromiseSettledResult<unknown>[]): Values {
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }) as readonly unknown[] as Values;
}
