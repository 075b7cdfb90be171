import { assertEquals, assertThrows } from "@std/assert";
import { InterfaceNameError, nameInterfaces } from "./interface_names.ts";

Deno.test("nameInterfaces() numbers all but the first, by prefix", () => {
  assertEquals(nameInterfaces("eth0", ["ext", undefined, "int", ""], "numbered"), ["eth0", "eth1", "int2", "eth3"]);
});

Deno.test("nameInterfaces() takes prefixes verbatim when the scheme is legacy", () => {
  assertEquals(nameInterfaces("eth0", ["ext", "int", undefined], "legacy"), ["eth0", "int", "eth2"]);
});

Deno.test("nameInterfaces() refuses two interfaces of one name", () => {
  assertThrows(
    () => nameInterfaces("eth0", [undefined, "int", "int"], "legacy"),
    InterfaceNameError,
    'Cannot name interface 2: it is "int", must differ from the name of interface 1',
  );
});

Deno.test("nameInterfaces() refuses a name that gets too long by its number", () => {
  const prefixes = [...Array(10).fill(undefined), "fourteen-chars"];
  assertThrows(() => nameInterfaces("eth0", prefixes, "numbered"), InterfaceNameError, "must be at most 15 characters");
  assertEquals(nameInterfaces("eth0", prefixes.slice(1), "numbered").at(-1), "fourteen-chars9");
});
