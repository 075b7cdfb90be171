/** netwatcher: runs on every node, in the host's network namespace. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { netwatcher } from "../../lib/controller/netwatcher/netwatcher.ts";

Deno.exit(await runDaemon(netwatcher(Deno.env.get("NODE_NAME") || Deno.hostname()), Deno.args));
