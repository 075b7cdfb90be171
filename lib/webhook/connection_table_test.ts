import { assertEquals } from "@std/assert";
import { type ConnectionTable, createConnectionTable } from "./connection_table.ts";

const LIMITS = { maxConnections: 4, handshakeMs: 60_000, idleMs: 60_000 };

/** Opens connections in `table` by name, `address:port`, and notes which are closed. */
function clients(table: ConnectionTable) {
  const closed: string[] = [];
  const peerOf = (name: string) => {
    const [remoteAddress, port] = name.split(":");
    return { remoteAddress, remotePort: Number(port) };
  };
  return {
    closed,
    open: (...names: readonly string[]) => {
      for (const name of names) table.opened({ ...peerOf(name), destroy: () => void closed.push(name), once() {} });
    },
    ask(name: string, status = 200) {
      table.began(peerOf(name));
      table.ended(peerOf(name), status);
    },
    begin: (name: string) => table.began(peerOf(name)),
  };
}

Deno.test("createConnectionTable() closes one of the address that has most, not the newcomer", () => {
  using table = createConnectionTable(LIMITS);
  const { closed, open } = clients(table);
  open("api:1", "other:1", "other:2", "other:3", "api:2");
  assertEquals(closed, ["other:1"]);
});

Deno.test("createConnectionTable() closes first what was never of use, then what is idle, then the oldest", () => {
  using table = createConnectionTable(LIMITS);
  const { closed, open, ask, begin } = clients(table);
  open("a:1", "a:2", "a:3", "a:4");
  ask("a:1");
  ask("a:2", 400);
  begin("a:3");
  open("a:5");
  assertEquals(closed, ["a:4"]);
  open("a:6");
  assertEquals(closed, ["a:4", "a:2"]);
  begin("a:5");
  begin("a:6");
  open("a:7");
  assertEquals(closed, ["a:4", "a:2", "a:1"]);
  begin("a:7");
  open("a:8");
  assertEquals(closed, ["a:4", "a:2", "a:1", "a:3"]);
});

Deno.test("createConnectionTable() drains what is idle at once, and the rest when its request has ended", () => {
  using table = createConnectionTable(LIMITS);
  const { closed, open, begin } = clients(table);
  open("a:1", "a:2");
  begin("a:2");
  table.drain();
  assertEquals(closed, ["a:1"]);
  table.ended({ remoteAddress: "a", remotePort: 2 }, 200);
  assertEquals(closed, ["a:1", "a:2"]);
});
