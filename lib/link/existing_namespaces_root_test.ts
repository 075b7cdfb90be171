import { assertEquals } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { existingNamespaces } from "./existing_namespaces.ts";

Deno.test("existingNamespaces() tells namespaces from files and from nothing", async () => {
  await using namespace = await createNamespace();
  await using gone = await createNamespace();
  const own = `/proc/${Deno.pid}/ns/net`;
  const file = await Deno.makeTempFile();
  try {
    const asked = [file, namespace.path, gone.path, own, "/proc/0/ns/net", "/nowhere"];
    assertEquals(await existingNamespaces(asked), new Set([namespace.path, gone.path, own]));
    await gone[Symbol.asyncDispose]();
    assertEquals(await existingNamespaces(asked), new Set([namespace.path, own]));
    assertEquals(await existingNamespaces([]), new Set());
  } finally {
    await Deno.remove(file);
  }
});
