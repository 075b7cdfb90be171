/** The open connections of a server: how many there may be, and which of them must go. */

/** The bounds of connections. */
export interface ConnectionLimits {
  /** Connections at a time. For one more, another one is closed: a newcomer is never refused. */
  readonly maxConnections: number;
  /** Time for a client to get through its TLS handshake, in milliseconds. */
  readonly handshakeMs: number;
  /** Time without a request after which a connection is closed; longer than the API server keeps idle ones. */
  readonly idleMs: number;
}

/** As much of a socket as is needed: a TLS connection is told by the same address and port as the TCP connection under it. */
export interface Peer {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** A TCP connection. */
export interface Connection extends Peer {
  destroy(): void;
  once(event: "close", listener: () => void): void;
}

export interface ConnectionTable extends Disposable {
  opened(connection: Connection): void;
  /** The handshake is done. */
  secured(peer: Peer): void;
  /** A request has begun. */
  began(peer: Peer): void;
  /** A request has ended, with an HTTP status. */
  ended(peer: Peer, status: number): void;
  /** Closes what has no request under way, now and from now on. */
  drain(): void;
}

interface Entry {
  readonly connection: Connection;
  readonly address: string;
  isSecure: boolean;
  /** Whether it has ever brought a request that could be answered. */
  isUseful: boolean;
  requests: number;
  /** When something happened last, by performance.now(). */
  seen: number;
}

/**
 * Keeps the connections of one server. Whoever opens many cannot lock out others by it: when there are too many, one goes
 * of the address that has most of them: first one that was never of use, else one without a request under way, else any;
 * each time the one of which nothing was heard for longest. So the API server's newest connection, by which it asks within
 * moments, is about the last to go, even where the others come from its own address.
 */
export function createConnectionTable({ maxConnections, handshakeMs, idleMs }: ConnectionLimits): ConnectionTable {
  const entries = new Map<string, Entry>();
  let isDraining = false;

  const timer = setInterval(() => {
    const now = performance.now();
    for (const entry of entries.values()) {
      const allowed = entry.isSecure ? idleMs : handshakeMs;
      if (entry.requests === 0 && now - entry.seen > allowed) close(entry);
    }
  }, Math.min(handshakeMs, idleMs) / 2);

  function close({ connection }: Entry): void {
    entries.delete(keyOf(connection));
    connection.destroy();
  }

  function touch(peer: Peer, change: (entry: Entry) => void): void {
    const entry = entries.get(keyOf(peer));
    if (entry === undefined) return;
    entry.seen = performance.now();
    change(entry);
  }

  return {
    opened(connection) {
      if (entries.size >= maxConnections) close(leastUseful([...entries.values()]));
      const key = keyOf(connection);
      const address = connection.remoteAddress ?? "";
      const entry = { connection, address, isSecure: false, isUseful: false, requests: 0, seen: performance.now() };
      entries.set(key, entry);
      connection.once("close", () => {
        if (entries.get(key) === entry) entries.delete(key);
      });
    },
    secured: (peer) => touch(peer, (entry) => void (entry.isSecure = true)),
    began: (peer) => touch(peer, (entry) => void entry.requests++),
    ended: (peer, status) =>
      touch(peer, (entry) => {
        entry.requests--;
        entry.isUseful ||= status === 200;
        if (isDraining && entry.requests === 0) close(entry);
      }),
    drain() {
      isDraining = true;
      for (const entry of entries.values()) {
        if (entry.requests === 0) close(entry);
      }
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const entry of entries.values()) close(entry);
    },
  };
}

function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Of at least one entry. */
function leastUseful(entries: readonly Entry[]): Entry {
  const counts = new Map<string, number>();
  for (const { address } of entries) counts.set(address, (counts.get(address) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const rank = ({ isUseful, requests }: Entry) => (isUseful ? 1 : 0) + (requests > 0 ? 2 : 0);
  return entries.filter(({ address }) => counts.get(address) === most)
    .reduce((worst, entry) => {
      const [a, b] = [rank(worst), rank(entry)];
      return b < a || b === a && entry.seen < worst.seen ? entry : worst;
    });
}
