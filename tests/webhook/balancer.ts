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
      client.readable.pipeTo(server.writable).catch(() => end(client, server));
      await server.readable.pipeTo(client.writable).catch(() => {});
      return end(client, server); // or the client would wait for a server that was killed
    }
    client.close();
  }
  function end(...connections: readonly Deno.Conn[]): void {
    for (const connection of connections) {
      open.delete(connection);
      try {
        connection.close();
      } catch {
        // it has ended
      }
    }
  }
  return {
    port: listener.addr.port,
    [Symbol.dispose]() {
      listener.close();
      end(...open);
    },
  };
}
