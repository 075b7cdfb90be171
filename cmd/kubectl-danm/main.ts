/** kubectl danm: shows administrators and tenants what DANM does in a cluster. */

import { runKubectl } from "../../lib/kubectl/run_kubectl.ts";

Deno.exit(await runKubectl(Deno.args, { print: console.log, complain: console.error }));
