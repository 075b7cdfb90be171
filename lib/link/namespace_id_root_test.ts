import { assertEquals, assertNotEquals } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { readNamespaceId, readNamespaceIds } from "./namespace_id.ts";

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

Deno.test("readNamespaceIds() tells namespaces from files and from nothing", async () => {
  await using namespace = await createNamespace();
  await using gone = await createNamespace();
  const own = `/proc/${Deno.pid}/ns/net`;
  const file = await Deno.makeTempFile();
  try {
    const asked = [file, namespace.path, gone.path, own, "/proc/0/ns/net", "/nowhere"];
    const before = await readNamespaceIds(asked);
    assertEquals([...before.keys()], [namespace.path, gone.path, own]);
    assertEquals(before.get(namespace.path)?.id, (await readNamespaceId(namespace.path)).id);
    assertEquals([...before.values()].map(({ isOwn }) => isOwn), [false, false, true]);
    await gone[Symbol.asyncDispose]();
    assertEquals([...(await readNamespaceIds(asked)).keys()], [namespace.path, own]);
    assertEquals([...(await readNamespaceIds([])).keys()], []);
  } finally {
    await Deno.remove(file);
  }
});
