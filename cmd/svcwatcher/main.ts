/** svcwatcher: makes Services lead to the interfaces of Pods that they name. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { svcwatcher } from "../../lib/controller/svcwatcher/svcwatcher.ts";

Deno.exit(await runDaemon(svcwatcher, Deno.args));
