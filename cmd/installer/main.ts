/** installer: runs on every node, and puts the CNI plugins there. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { installer } from "../../lib/installer/installer.ts";

Deno.exit(await runDaemon(installer(Deno.env.get("NODE_NAME")), Deno.args));
