/** danm, the CNI plugin: called by the container runtime once for every Pod, or by a plugin chain. */

import { variableNames } from "../../lib/cni/environment.ts";
import { dispatch } from "../../lib/cni/dispatch.ts";
import { danmPlugin } from "../../lib/plugin/danm_plugin.ts";

const env = Object.fromEntries(variableNames.map((name) => [name, Deno.env.get(name)]));
const stdin = await new Response(Deno.stdin.readable).text();
const { stdout, exitCode } = await dispatch(danmPlugin(Deno.env.get("CNI_CONF_DIR")), env, stdin);
await Deno.stdout.write(new TextEncoder().encode(stdout));
Deno.exit(exitCode);
