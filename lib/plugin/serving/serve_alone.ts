import { type Answer, dispatch } from "../../cni/dispatch.ts";
import type { Call } from "../../host/serving/cni_process.ts";
import { danmPlugin } from "../danm_plugin.ts";

/**
 * Does one call in this process.
 *
 * @param trouble what is wrong with the agent of the node, for the log
 */
export async function serveAlone({ env, stdin }: Call, trouble: string | undefined): Promise<Answer> {
  const plugin = danmPlugin({ defaultCniDir: env.CNI_CONF_DIR, ...(trouble !== undefined && { trouble }) });
  return await dispatch(plugin, env, stdin);
}
