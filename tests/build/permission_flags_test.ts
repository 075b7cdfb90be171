import { assertEquals, assertThrows } from "@std/assert";
import { permissionFlags } from "./permission_flags.ts";

Deno.test("permissionFlags() grants what the set lists, and no more", () => {
  const flags = permissionFlags("danm", { env: ["A", "B"], net: true, ffi: false, read: ["/etc"] });
  assertEquals(flags, ["--allow-env=A,B", "--allow-net", "--allow-read=/etc"]);
  assertEquals(permissionFlags("danm", {}), []);
});

Deno.test("permissionFlags() refuses what would grant something else than meant", () => {
  // An empty list as a flag would grant everything.
  for (const set of [undefined, { env: [] }]) {
    assertThrows(() => permissionFlags("danm", set), Error, "Cannot build danm");
  }
});
