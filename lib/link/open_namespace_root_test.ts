import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { settingsForNewLinks } from "./interface_settings.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";
import { readNamespaceId } from "./namespace_id.ts";
import { openNamespace, OwnNamespaceError } from "./open_namespace.ts";

Deno.test("openNamespace() writes the settings, and tells which namespace it is and what links it has", async () => {
  await using namespace = await createNamespace();
  await namespace.ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
  const { id, links } = await openNamespace(namespace.path, settingsForNewLinks());
  assertEquals(id, (await readNamespaceId(namespace.path)).id);
  assertEquals(links.map(({ name }) => name).toSorted(), ["a", "b", "lo"]);
  assertEquals((await namespace.run("cat", "/proc/sys/net/ipv6/conf/default/accept_ra")).trim(), "0");
});

Deno.test("openNamespace() passes over settings that the kernel does not have", async () => {
  await using namespace = await createNamespace();
  const unknown = { sysctl: { key: ["ipv9", "nothing"], value: "1", optional: true } };
  assertEquals((await openNamespace(namespace.path, [unknown])).links.length, 1);
});

Deno.test("openNamespace() changes nothing in the namespace this process is in", async () => {
  const path = `/proc/${Deno.pid}/ns/net`;
  await assertRejects(() => openNamespace(path, settingsForNewLinks()), OwnNamespaceError, "must be a container's");
});

Deno.test("openNamespace() says when there is no namespace", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const path of ["/var/run/netns/danm-none", file]) {
      await assertRejects(() => openNamespace(path, []), NamespaceMissingError);
    }
  } finally {
    await Deno.remove(file);
  }
});
