/** cleaner: frees addresses and deletes DanmEps of Pods that are gone; or, once, takes over what the original left. */

import { runDaemon } from "../../lib/controller/daemon.ts";
import { cleaner } from "../../lib/controller/cleaner/cleaner.ts";
import { runImport } from "../../lib/controller/cleaner/original/import_command.ts";

const [command, ...rest] = Deno.args;
const isImport = command === "import-original";
Deno.exit(await (isImport ? runImport(rest, console.log, console.error) : runDaemon(cleaner, Deno.args)));
