/** All benchmarks, or those named: `deno run -A tests/bench/main.ts [NAME...]`. Prints figures and asserts nothing. */

import { benchAttach } from "./attach.ts";
import { benchIpam } from "./ipam.ts";
import { benchManyAgents } from "./many_agents.ts";
import { benchKinds } from "./kinds.ts";
import { benchSvcwatcher } from "./svcwatcher.ts";
import { benchFullIpam } from "./ipam_full.ts";
import { benchWebhook } from "./webhook.ts";

const BENCHMARKS: Readonly<Record<string, () => Promise<void>>> = {
  attach: benchAttach,
  kinds: benchKinds,
  "many-agents": benchManyAgents,
  ipam: benchIpam,
  "ipam-full": benchFullIpam,
  svcwatcher: benchSvcwatcher,
  webhook: benchWebhook,
};

for (const name of Deno.args.length > 0 ? Deno.args : Object.keys(BENCHMARKS)) {
  const run = BENCHMARKS[name];
  if (run === undefined) {
    console.error(`Cannot run benchmark ${name}: must be one of ${Object.keys(BENCHMARKS).join(", ")}`);
    Deno.exit(2);
  }
  console.log(`\n== ${name}, durations in ms`);
  await run();
}
Deno.exit(0);
