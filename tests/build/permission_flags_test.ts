import { assertArrayIncludes, assertEquals, assertThrows } from "@std/assert";
import { permissionFlags } from "./permission_flags.ts";

Deno.test("permissionFlags() grants what the set lists, and no more", () => {
  const flags = permissionFlags("danm", { env: ["A", "B"], net: true, ffi: false, read: ["/etc"] });
  assertEquals(flags, ["--allow-env=A,B", "--allow-net", "--allow-read=/etc"]);
  assertEquals(permissionFlags("danm", {}), []);
  const excepted = permissionFlags("danm", { write: { allow: true, deny: ["/etc", "/usr"] } });
  assertEquals(excepted, ["--allow-write", "--deny-write=/etc,/usr"]);
});

Deno.test("permissionFlags() allows programs by their paths, so that a program that is started without PATH starts", () => {
  const [flag] = permissionFlags("netwatcher", { run: ["ip", "sh"] });
  const paths = flag!.replace("--allow-run=", "").split(",");
  for (const path of ["/usr/bin/ip", "/usr/sbin/ip", "/sbin/ip", "/bin/sh"]) assertArrayIncludes(paths, [path]);
  assertEquals(paths.filter((path) => !path.startsWith("/")), []);
});

Deno.test("permissionFlags() refuses what would grant something else than meant", () => {
  // An empty list as a flag would grant everything.
  for (const set of [undefined, { env: [] }, { read: { allow: true, deny: [] } }]) {
    assertThrows(() => permissionFlags("danm", set), Error, "Cannot build danm");
  }
});
