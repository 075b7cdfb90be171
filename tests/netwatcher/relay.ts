/**
 * Passes connections on between TCP on this namespace's loopback address and a Unix socket, which leads into others:
 * `deno run -A tests/netwatcher/relay.ts PORT SOCKET` serves the port by the socket, and says `ready` when it does.
 */

/** Where to listen, or connect to: a port of 127.0.0.1, or a socket's path. */
export type End = number | string;

/** Starts a relay in this process. */
export function startRelay(from: End, to: End): Disposable {
  const listener = typeof from === "number"
    ? Deno.listen({ hostname: "127.0.0.1", port: from })
    : Deno.listen({ transport: "unix", path: from });
  void accept(listener, to);
  return { [Symbol.dispose]: () => listener.close() };
}

async function accept(listener: Deno.Listener, to: End): Promise<void> {
  for await (const near of listener) void join(near, to);
}

async function join(near: Deno.Conn, to: End): Promise<void> {
  try {
    const far = typeof to === "number"
      ? await Deno.connect({ hostname: "127.0.0.1", port: to })
      : await Deno.connect({ transport: "unix", path: to });
    await Promise.all([near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)]);
  } catch {
    try {
      near.close(); // either side went away: so does the other
    } catch {
      // it has
    }
  }
}

if (import.meta.main) {
  const [port, socket] = Deno.args;
  startRelay(Number(port), socket!);
  console.log("ready");
}
