/**
 * Runs `work`, and takes back what it registered, whatever ends it: success, failure, Ctrl-C or a stop. A failure is
 * printed, and ends this process; so is what stopped it.
 */
export async function untilStopped(work: (cleanUp: AsyncDisposableStack) => Promise<void>): Promise<void> {
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => stop(new Error(`stopped by ${signal}`)));
  }
  try {
    await using cleanUp = new AsyncDisposableStack();
    await Promise.race([work(cleanUp), stopped]);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
