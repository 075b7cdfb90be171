import { assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path/posix";

Deno.test("make says at once that a target needs root, and does nothing first", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/id`, "#!/bin/sh\necho 1000\n", { mode: 0o755 });
    for (const target of ["demo", "test", "cluster", "e2e", "bench", "soak", "test-host", "test-cluster"]) {
      const { code, stdout, stderr } = await new Deno.Command("make", {
        args: ["--silent", target],
        cwd: fromFileUrl(new URL("../..", import.meta.url)),
        env: { PATH: `${folder}:${Deno.env.get("PATH")}`, DANM_CACHE: `${folder}/cache`, MAKEFLAGS: "" },
      }).output();
      assertEquals([code, stdout.length], [2, 0], target);
      assertMatch(
        new TextDecoder().decode(stderr),
        new RegExp(`^make ${target}: needs root, .*: sudo make ${target}\n`),
      );
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
