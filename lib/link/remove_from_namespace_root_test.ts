import { assertEquals, assertRejects } from "@std/assert";
import { createNamespace } from "../../tests/netns.ts";
import { deleteLink } from "./link_commands.ts";
import { NamespaceMissingError } from "./namespace_missing_error.ts";
import { readNamespace } from "./read_namespace.ts";
import { removeFromNamespace } from "./remove_from_namespace.ts";
import { addRule, deleteRule } from "./rule.ts";
import { configureNamespace } from "./configure_namespace.ts";
import { parseAddress } from "../net/address.ts";

const RULES = ["10.0.0.1", "2001:db8::1"].map((text) => ({ from: parseAddress(text)!, table: 7 }));

Deno.test("removeFromNamespace() removes links and rules of both families, and what is missing is no failure", async () => {
  await using namespace = await createNamespace();
  await namespace.ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
  await configureNamespace(namespace.path, RULES.map((rule) => ({ ip: addRule(rule) })));
  const commands = [deleteLink("none"), deleteLink("a"), deleteLink("b"), ...RULES.map(deleteRule)];
  for (const _ of ["first", "again"]) assertEquals(await removeFromNamespace(namespace.path, commands), []);
  const { links, rules } = await readNamespace(namespace.path);
  assertEquals([links.map(({ name }) => name), rules], [["lo"], []]);
});

Deno.test("removeFromNamespace() goes on after a failure, and tells which it was", async () => {
  await using namespace = await createNamespace();
  await namespace.ip("link", "add", "name", "a", "type", "veth", "peer", "name", "b");
  const failures = await removeFromNamespace(namespace.path, [deleteLink("none"), deleteLink("lo"), deleteLink("a")]);
  assertEquals(failures.map(({ index, command }) => [index, command]), [[1, deleteLink("lo")]]);
  assertEquals((await readNamespace(namespace.path)).links.length, 1);
});

Deno.test("removeFromNamespace() says when there is no namespace", async () => {
  await assertRejects(() => removeFromNamespace("/var/run/netns/danm-none", [deleteLink("a")]), NamespaceMissingError);
});
