/** Passes TCP connections on to a server, and breaks them as networks do. */
export interface TcpProxy extends Disposable {
  /** Like the server's URL, with the proxy's port. */
  readonly url: string;
  /** Closes all connections; new ones are passed on. */
  cut(): void;
  /** From now on nothing gets through on the connections there are, and nobody is told; new ones are passed on. */
  freeze(): void;
  /** From now on nothing gets through on any connection, old or new, until `mend()`. */
  isolate(): void;
  /** Lets new connections through again. */
  mend(): void;
  /** How many connections were opened since the start. */
  readonly opened: number;
}

interface Line {
  frozen: boolean;
  close(): void;
}

/** Starts a proxy in this process on a free loopback port. */
export function startTcpProxy(serverUrl: string): TcpProxy {
  const target = new URL(serverUrl);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const lines: Line[] = [];
  let isolated = false;
  void accept();

  async function accept(): Promise<void> {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: target.hostname, port: Number(target.port) }).catch(() =>
        undefined
      );
      if (server === undefined) client.close();
      else lines.push(join(client, server, isolated));
    }
  }
  const freeze = () => lines.forEach((line) => line.frozen = true);
  return {
    url: `${target.protocol}//127.0.0.1:${listener.addr.port}`,
    cut: () => lines.forEach((line) => line.close()),
    freeze,
    isolate() {
      isolated = true;
      freeze();
    },
    mend: () => void (isolated = false),
    get opened() {
      return lines.length;
    },
    [Symbol.dispose]() {
      listener.close();
      lines.forEach((line) => line.close());
    },
  };
}

function join(client: Deno.Conn, server: Deno.Conn, frozen: boolean): Line {
  const line = {
    frozen,
    close() {
      for (const end of [client, server]) {
        try {
          end.close();
        } catch (error) {
          if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
        }
      }
    },
  };
  void pump(client, server, line);
  void pump(server, client, line);
  return line;
}

async function pump(from: Deno.Conn, to: Deno.Conn, line: Line): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
      for (let sent = 0; sent < size && !line.frozen;) sent += await to.write(buffer.subarray(sent, size));
    }
  } catch {
    // either side broke the connection
  }
  if (!line.frozen) line.close();
}
