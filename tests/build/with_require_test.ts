import { assertEquals } from "@std/assert";
import { withRequire } from "./with_require.ts";

/** A bundle's shim as the bundler leaves it when it does not know it again. */
const SHIM =
  "var $=(e=>typeof require<\"u\"?require:e)(function(e){throw Error('Dynamic require of \"'+e+'\" is not supported')});";

Deno.test("withRequire() lets a bundle ask for modules of the runtime", async () => {
  const file = await Deno.makeTempFile({ suffix: ".mjs" });
  try {
    await Deno.writeTextFile(file, withRequire(`${SHIM}console.log($("node:util").format("%d", 7))`));
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "--no-config", file] }).output();
    assertEquals(new TextDecoder().decode(stdout), "7\n");
  } finally {
    await Deno.remove(file);
  }
  assertEquals(withRequire("console.log(7)"), "console.log(7)");
});
