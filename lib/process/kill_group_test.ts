import { assertEquals } from "@std/assert";
import { killGroup } from "./kill_group.ts";
import { processes } from "./testdata/processes.ts";

Deno.test("killGroup() leaves nothing of a child that leads no group yet, just does, or has ended", async () => {
  const seconds = `600${Math.floor(Math.random() * 1e9)}`; // what the processes of this test are known by
  for (let wait = 0; wait < 40; wait++) {
    const args = ["/bin/sh", "-c", `sleep ${seconds} & sleep ${seconds} & exit 3`];
    const child = new Deno.Command("setsid", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    for (const start = performance.now(); performance.now() - start < wait / 8;);
    await killGroup(child);
  }
  assertEquals(processes().filter(({ command }) => command.includes(seconds)), []);
  assertEquals(processes().filter(({ parent, state }) => parent === Deno.pid && state === "Z"), []);
});

Deno.test("killGroup() does not mind a child that has been reaped", async () => {
  const child = new Deno.Command("setsid", { args: ["/bin/true"] }).spawn();
  await child.status;
  await killGroup(child);
});
