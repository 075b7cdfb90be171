import { assertEquals, assertNotEquals } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { readNamespaceId } from "./namespace_id.ts";

Deno.test("readNamespaceId() gives one namespace one ID by every path, and another one another", async () => {
  await using a = await createNamespace();
  await using b = await createNamespace();
  await using inside = await a.spawn("sleep", "60");
  const [first, again, other] = await Promise.all(
    [a.path, `/proc/${inside.pid}/ns/net`, b.path].map((path) => readNamespaceId(path)),
  );
  assertEquals(again, first!);
  assertEquals(first!.isOwn, false);
  assertNotEquals(other!.id, first!.id);
});

Deno.test("readNamespaceId() knows its own namespace", async () => {
  for (const path of [`/proc/${Deno.pid}/ns/net`, "/proc/self/ns/net"]) {
    assertEquals((await readNamespaceId(path)).isOwn, true);
  }
});

Deno.test("readNamespaceId() finds nothing where nothing is", async () => {
  assertEquals(await readNamespaceId("/run/netns/no-such-namespace"), { isOwn: false });
});
