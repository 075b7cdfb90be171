import { assertEquals } from "@std/assert";
import { commandsWith } from "./commands_with.ts";
import { eventually } from "./eventually.ts";
import { startGuarded } from "./guarded_process.ts";

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** A program that no other test runs, and how to find it. */
function uniqueProgram(): { command: [string, string]; isRunning: () => Promise<boolean> } {
  const seconds = `${1000 + Math.random()}`;
  return {
    command: ["sleep", seconds],
    isRunning: async () => (await commandsWith(`sleep\0${seconds}`)).length > 0,
  };
}

Deno.test("startGuarded() kills its program and removes its folder when disposed of", async () => {
  const folder = await Deno.makeTempDir();
  const { command, isRunning } = uniqueProgram();
  {
    await using _ = startGuarded(command, `${folder}/log`, folder);
    await eventually("see the program", async () => await isRunning() || undefined);
  }
  assertEquals([await isRunning(), await exists(folder)], [false, false]);
});

Deno.test("startGuarded() tells when its program ends by itself, and keeps its output", async () => {
  const log = await Deno.makeTempFile();
  await using process = startGuarded(["sh", "-c", "echo out; echo err >&2; exit 7"], log);
  assertEquals(await process.ended, 7);
  assertEquals(await Deno.readTextFile(log), "out\nerr\n");
  await Deno.remove(log);
});

Deno.test("startGuarded() leaves nothing behind when its owner is killed", async () => {
  const folder = await Deno.makeTempDir();
  const { command, isRunning } = uniqueProgram();
  const module = new URL("./guarded_process.ts", import.meta.url).href;
  const code = `import { startGuarded } from "${module}";
    await startGuarded(${JSON.stringify(command)}, "${folder}/log", "${folder}").ended;`;
  const owner = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdin: "null" }).spawn();
  await eventually("see the program", async () => await isRunning() || undefined);
  owner.kill("SIGKILL");
  await owner.status;
  await eventually("see it gone", async () => !await isRunning() && !await exists(folder) || undefined);
});
