import { assertEquals, assertThrows } from "@std/assert";
import { runProcess } from "../process/run_process.ts";
import { isMissing, pluginProgram } from "./plugin_program.ts";

const OWN = "/proc/self/ns/mnt";
const { signal } = new AbortController();

/** Two folders; the second alone has `plugin`, the first a file of that name that is no program. */
async function makeFolders(stack: AsyncDisposableStack): Promise<readonly [string, string]> {
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const [a, b] = [`${folder}/a b`, `${folder}/b`] as const;
  for (const each of [a, b]) await Deno.mkdir(each);
  await Deno.writeTextFile(`${a}/plugin`, "no program");
  const text = '#!/bin/sh\necho "$0 $# $WORD"; cat; cat no-such-file; exit 127\n';
  await Deno.writeTextFile(`${b}/plugin`, text, { mode: 0o755 });
  return [a, b];
}

for (const mounts of [undefined, OWN]) {
  Deno.test(`pluginProgram() runs the first that is a program (mounts ${mounts ?? "absent"})`, async () => {
    await using stack = new AsyncDisposableStack();
    const [a, b] = await makeFolders(stack);
    const program = pluginProgram("plugin", ["/no such folder", a, b], mounts)!;
    const outcome = await runProcess({ ...program, stdin: "{}", env: { WORD: "w", PATH: "/usr/bin:/bin" } }, signal);
    assertEquals([outcome.code, outcome.stdout], [127, `${b}/plugin 0 w\n{}`]);
    assertEquals(isMissing(outcome), false, "it is the plugin that says so");
    assertThrows(() => pluginProgram("../plugin", [a], mounts), RangeError);
  });
}

Deno.test("isMissing() knows that no folder has the plugin, and nothing else", async () => {
  await using stack = new AsyncDisposableStack();
  const [a] = await makeFolders(stack);
  const outcomeOf = (mounts: string) => runProcess({ ...pluginProgram("plugin", [a], mounts)! }, signal);
  assertEquals(isMissing(await outcomeOf(OWN)), true);
  assertEquals(isMissing(await outcomeOf("/no/such/namespace")), false);
  assertEquals(pluginProgram("plugin", [a]), undefined);
});
