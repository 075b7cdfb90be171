import { assert } from "@std/assert";
import { startCleanerCluster } from "../cleaner/cleaner_scene.ts";
import { openCrashRun } from "./crash_run.ts";
import type { Ending, Trial } from "./crash_trial.ts";

const ENDINGS: readonly Ending[] = ["DEL", "sweep", "lost node"];

/** Requests of an ADD with two interfaces and three addresses, and of its DEL: with fewer, nothing would be killed. */
const [ADD_REQUESTS, DEL_REQUESTS] = [14, 5];

function atEveryRequest(verb: Trial["verb"], requests: number): Trial[] {
  return Array.from({ length: requests }, (_, index) => {
    return { verb, moment: { request: index + 1 }, ending: ENDINGS[index % ENDINGS.length]! };
  });
}

Deno.test("danm leaks nothing and takes nothing twice, killed at any request, whoever cleans up", async () => {
  await using cluster = await startCleanerCluster();
  await using run = await openCrashRun(cluster);
  const atAnyTime = Array.from({ length: 6 }, (_, index): Trial => {
    return { verb: "ADD", moment: { afterMs: 40 + Math.random() * 200 }, ending: ENDINGS[index % ENDINGS.length]! };
  });
  const trials = [...atEveryRequest("ADD", ADD_REQUESTS), ...atEveryRequest("DEL", DEL_REQUESTS), ...atAnyTime];
  const kills = await run.round(trials);
  assert(kills >= ADD_REQUESTS + DEL_REQUESTS, `only ${kills} of ${trials.length} calls were killed`);
});
