/** What programs are compiled with, where runtimes can be had and where they cannot. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { findRuntime, refusalOf } from "./find_runtime.ts";
import { originalRuntime } from "./original_runtime.ts";
import { mustRunDeno } from "./run_deno.ts";

/** Any runtime that can be had here: `make build` has found it already. */
const found = await findRuntime(Deno.env.get("DENORT_BIN"));
if (!("path" in found)) throw new Error(`Cannot test runtimes: ${found.reasons.join("; ")}`);
const runtime = found.path;

Deno.test("refusalOf() takes a runtime only when what it makes says the word that it was given", async () => {
  assertEquals(await refusalOf(runtime), undefined);
  // deno compile succeeds with it, and so does what it makes.
  assertMatch(String(await refusalOf("/bin/true")), /^a program compiled with it says "", must say "/);
  assertMatch(String(await refusalOf("/bin/echo")), /^a program compiled with it says ".*", must say "/);
  assertMatch(String(await refusalOf("/does/not/exist")), /^deno compile failed: /);
});

Deno.test("findRuntime() takes the runtime that DENORT_BIN names, and none instead of it", async () => {
  assertEquals(await findRuntime(runtime), { path: runtime, origin: `the runtime ${runtime}`, isVendors: false });
  await assertRejects(() => findRuntime("/bin/true"), Error, "Cannot build with DENORT_BIN=/bin/true: a program");
});

Deno.test("originalRuntime() gets back, byte for byte, what a program was compiled with", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program.js`, "console.log(1);");
    await mustRunDeno(["compile", "--no-config", "--no-check", `--output=${folder}/program`, `${folder}/program.js`], {
      DENORT_BIN: runtime,
    });
    const taken = originalRuntime(await Deno.readFile(`${folder}/program`));
    const whole = await Deno.readFile(runtime);
    assertEquals(taken.length, whole.length);
    assertEquals(taken.every((byte, index) => byte === whole[index]), true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
