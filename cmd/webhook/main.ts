/** webhook: admission of networks and TenantConfigs. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { webhookProgram } from "../../lib/webhook/webhook_program.ts";

Deno.exit(await runDaemon(webhookProgram, Deno.args));
