/**
 * The long form of the crash suite: kills danm at random, at least as often as asked, and ends with exit code 0 only if
 * everything was cleaned up after and no address had two owners.
 *
 * Usage: deno run -A tests/soak/main.ts [KILLS]
 */

import { startCleanerCluster } from "../cleaner/cleaner_scene.ts";
import { openCrashRun } from "./crash_run.ts";
import type { Ending, Trial } from "./crash_trial.ts";

const KILLS = 200;
const TRIALS_A_ROUND = 24;
const ENDINGS: readonly Ending[] = ["DEL", "sweep", "lost node"];

/** An ADD makes up to 15 requests and a DEL 5; both take some hundred milliseconds, more on a busy machine. */
function randomTrial(_: unknown, index: number): Trial {
  const verb = Math.random() < 0.7 ? "ADD" : "DEL";
  const moment = Math.random() < 0.5
    ? { request: 1 + Math.floor(Math.random() * (verb === "ADD" ? 14 : 5)) }
    : { afterMs: Math.random() * 400 };
  return { verb, moment, ending: ENDINGS[index % ENDINGS.length]! };
}

async function soak(wanted: number): Promise<void> {
  if (!(wanted > 0)) throw new Error(`Cannot kill ${Deno.args[0]} times: must be a number above 0`);
  await using cluster = await startCleanerCluster();
  await using run = await openCrashRun(cluster);
  for (let kills = 0, calls = 0; kills < wanted;) {
    kills += await run.round(Array.from({ length: TRIALS_A_ROUND }, randomTrial));
    calls += TRIALS_A_ROUND;
    console.log(`soak: ${kills} of ${calls} calls killed, nothing left, no address with two owners`);
  }
}

try {
  await soak(Number(Deno.args[0] ?? KILLS));
} catch (error) {
  console.error(`soak failed: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
