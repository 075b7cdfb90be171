/** danm, the CNI plugin: called by the container runtime once for every Pod, or as a member of a plugin chain. */

import { serveCni } from "../../lib/host/serving/serve_cni.ts";
import { danmPlugin } from "../../lib/plugin/danm_plugin.ts";

// Not awaited: compiled code is kept, for later calls, of a module that has been evaluated, and this one ends its process.
serveCni("danm", danmPlugin(Deno.env.get("CNI_CONF_DIR")));
