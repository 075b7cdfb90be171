/** Passes each new TCP connection on to one of several ports in turn, and past those where nobody listens. */
export interface Balancer extends Disposable {
  readonly port: number;
}

/** Starts a balancer in this process. */
export function startBalancer(ports: readonly number[]): Balancer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  let turn = 0;
  void accept();

  async function accept(): Promise<void> {
    for await (const client of listener) void serve(client);
  }
  async function serve(client: Deno.Conn): Promise<void> {
    for (let tries = 0; tries < ports.length; tries++) {
      const port = ports[turn++ % ports.length]!;
      const server = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
      if (server === undefined) continue;
      open.add(client).add(server);
      const ends = [client.readable.pipeTo(server.writable), server.readable.pipeTo(client.writable)];
      return void await Promise.allSettled(ends);
    }
    client.close();
  }
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // it has ended
        }
      }
    },
  };
}
