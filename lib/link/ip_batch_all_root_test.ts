import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { addGuard } from "./guard_link.ts";
import { ipBatchAll } from "./ip_batch_all.ts";
import type { IpCommand } from "./ip_command.ts";
import { IpError } from "./ip_error.ts";
import { addLinkName } from "./link_names.ts";
import { readLinks } from "./read_links.ts";

const words = (text: string): IpCommand => text.split(" ");

Deno.test("ipBatchAll() runs all commands and tells which failed, and why", async () => {
  await using namespace = await createNamespace();
  const failures = await ipBatchAll([
    words("link add name a type bridge"),
    words("link add name a type bridge"),
    words("link set dev none up"),
    words("-6 rule add from fd00::1/128 lookup 7 priority 5"),
    words("link add name b type nothing"),
    words("link add name c type bridge"),
  ], namespace.path);
  assertEquals(failures.map(({ index, reason }) => [index, reason]), [[1, "exists"], [2, "missing"], [
    4,
    "unsupported",
  ]]);
  assertEquals(failures.map(({ detail }) => detail.split("\n").length), [1, 1, 1]);
  assertEquals((await readLinks(namespace.path, { kind: "bridge" })).map(({ name }) => name), ["a", "c"]);
});

Deno.test("ipBatchAll() fails when ip gives up half-way, and is silent about nothing", async () => {
  await using namespace = await createNamespace();
  const commands = [
    words("link add name a type bridge"),
    words("link add name v type vxlan id 1 dev none dstport 4789"),
  ];
  const error = await assertRejects(() => ipBatchAll([...commands, commands[0]!], namespace.path), IpError);
  assertEquals([error.index, error.reason], [-1, "missing"]);
  assertEquals(await ipBatchAll([], namespace.path), []);
});

for (const user of ["macvlan mode bridge", "macvlan mode private"]) {
  Deno.test(`addGuard() is refused exactly while a link is on the parent (${user})`, async () => {
    await using host = await createNamespace();
    await using pod = await createNamespace();
    await host.ip("link", "add", "parent", "type", "veth", "peer", "name", "other");
    const guard = addGuard({ parent: "parent", name: "guard", group: 77 });
    await host.ip("link", "add", "link", "parent", "name", "p0", "netns", pod.name, "type", ...user.split(" "));
    assertEquals((await ipBatchAll([guard], host.path)).map(({ reason }) => reason), ["other"]);
    await pod.ip("link", "del", "p0");
    assertEquals(await ipBatchAll([guard], host.path), []);
    const [link] = await readLinks(host.path, { name: "guard" });
    assertEquals([link?.kind, link?.group, link?.parent], ["macvlan", 77, "parent"]);
    const late = words(`link add link parent name p1 type ${user}`);
    assertEquals((await ipBatchAll([late], host.path)).length, 1);
    await host.ip("link", "del", "parent");
    assertEquals(await readLinks(host.path, { name: "guard" }), []);
  });
}

Deno.test("addGuard() is refused on a port of a bridge", async () => {
  await using host = await createNamespace();
  await host.ip("link", "add", "parent", "type", "veth", "peer", "name", "other");
  await host.ip("link", "add", "br0", "type", "bridge");
  await host.ip("link", "set", "parent", "master", "br0");
  const guard = addGuard({ parent: "parent", name: "guard", group: 77 });
  assertEquals((await ipBatchAll([guard], host.path)).map(({ reason }) => reason), ["busy"]);
});

Deno.test("addLinkName() makes a link answer to a further name", async () => {
  await using host = await createNamespace();
  await host.ip("link", "add", "one", "type", "bridge");
  assertEquals(await ipBatchAll([addLinkName("one", "another")], host.path), []);
  const [link] = await readLinks(host.path, { name: "another" });
  assertEquals([link?.name, link?.otherNames], ["one", ["another"]]);
  assertEquals((await ipBatchAll([addLinkName("one", "another")], host.path)).map(({ reason }) => reason), ["exists"]);
});
