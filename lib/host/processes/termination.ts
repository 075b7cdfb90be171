const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `asked` with the signal's name whenever somebody asks this process to end, which it does no longer by itself.
 * Disposing of the result brings that back.
 */
export function onTermination(asked: (signal: string) => void): Disposable {
  const listeners = SIGNALS.map((name) => ({ name, listener: () => asked(name) }));
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]() {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
