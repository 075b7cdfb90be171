import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path/posix";
import { findExecutable } from "./find_executable.ts";

Deno.test("findExecutable() takes the first executable file of that name", async () => {
  const root = await Deno.makeTempDir();
  const [a, b, c] = ["a", "b", "c"].map((name) => join(root, name)) as [string, string, string];
  for (const directory of [a, b, c]) await Deno.mkdir(directory);
  for (const directory of [b, c]) await Deno.writeTextFile(join(directory, "bridge"), "", { mode: 0o755 });
  await Deno.writeTextFile(join(a, "bridge"), "", { mode: 0o644 });
  await Deno.mkdir(join(a, "ptp"));
  await Deno.symlink(join(c, "bridge"), join(b, "ptp"));
  await Deno.symlink("loop", join(a, "loop"));
  const directories = [join(root, "none"), join(b, "bridge"), a, b, c];
  assertEquals(findExecutable("bridge", directories), join(b, "bridge"));
  assertEquals(findExecutable("ptp", directories), join(b, "ptp"));
  assertEquals(findExecutable("loop", directories), undefined);
  assertEquals(findExecutable("macvlan", directories), undefined);
  assertEquals(findExecutable("bridge", []), undefined);
  await Deno.remove(root, { recursive: true });
});

Deno.test("findExecutable() refuses a name that is a path", () => {
  for (const name of ["", ".", "..", "../sh", "/bin/sh", "bin/sh", "sh\0"]) {
    assertThrows(() => findExecutable(name, ["/bin"]), RangeError, "Cannot find program: name is ");
  }
});
