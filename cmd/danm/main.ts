/** danm, the CNI plugin: called by the container runtime once for every Pod, or as a member of a plugin chain. */

import { answerCall, readCall } from "../../lib/host/serving/cni_process.ts";
import { askAgent } from "../../lib/plugin/serving/ask_agent.ts";

// The runtime keeps compiled, for all later runs, what the first has loaded by the time this module has been evaluated.
// So the installer's first loads all that there is, with the runtime's own parts, which are loaded by their first use.
const isFirst = Deno.args[0] === "--version";
if (isFirst) {
  void [fetch("data:,"), new Deno.Command("setsid")];
  await import("../../lib/plugin/serving/serve_alone.ts");
}

// Not awaited: this ends the process, and a module that waits for it would never count as evaluated.
serve();

async function serve(): Promise<never> {
  const call = readCall("danm", ["CNI_CONF_DIR"]);
  // What most calls have no need of is loaded where it is needed.
  if (call.env.CNI_COMMAND === "VERSION") {
    const { answerVersion } = await import("../../lib/cni/answer_version.ts");
    return answerCall(await answerVersion(call.env, call.stdin));
  }
  const outcome = await askAgent(call);
  if ("answer" in outcome) return answerCall(outcome.answer);
  const { serveAlone } = await import("../../lib/plugin/serving/serve_alone.ts");
  return answerCall(await serveAlone(call, outcome.trouble));
}
