/** cleaner: frees addresses and deletes DanmEps of Pods that are gone. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { cleaner } from "../../lib/controller/cleaner/cleaner.ts";

Deno.exit(await runDaemon(cleaner, Deno.args));
